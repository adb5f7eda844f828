with

remembered as (

    {{ state_before('raw_files') | indent(4) }}

),

files_read as (

    select * from {{ ref('int_state__files_read') }}

),

compared as (

    select
        coalesce(files_read.file_key, remembered.file_key) as file_key,
        files_read.source_contract,
        files_read.source_system,
        files_read.source_file,
        files_read.load_mode,
        files_read.content_hash,
        files_read.byte_count,
        files_read.row_count,
        files_read.content_version,
        files_read.first_loaded_at,
        files_read.loaded_at,
        files_read.file_key is null as is_removed,
        remembered.load_mode as load_mode_before,
        remembered.content_hash as content_hash_before,
        remembered.row_count as row_count_before,
        remembered.content_version as content_version_before
    from files_read
    full outer join remembered
        on files_read.file_key = remembered.file_key

),

-- The other columns follow from these.
changed as (

    select
        file_key,
        source_contract,
        source_system,
        source_file,
        load_mode,
        content_hash,
        byte_count,
        row_count,
        content_version,
        first_loaded_at,
        loaded_at,
        is_removed
    from compared
    where
        load_mode is distinct from load_mode_before
        or content_hash is distinct from content_hash_before
        or row_count is distinct from row_count_before
        or content_version is distinct from content_version_before

)

select * from changed
