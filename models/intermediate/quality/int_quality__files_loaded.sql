with

counted as (

    select * from {{ ref('int_quality__files_counted') }}

),

files_read as (

    select * from {{ ref('int_state__files_read') }}

),

-- A file without rows is in none of the tables; one that others loaded is not among those read.
loaded as (

    select
        coalesce(counted.file_key, files_read.file_key) as file_key,
        coalesce(counted.source_contract, files_read.source_contract) as source_contract,
        coalesce(counted.source_system, files_read.source_system) as source_system,
        coalesce(counted.source_file, files_read.source_file) as source_file,
        files_read.load_mode,
        files_read.file_state,
        files_read.content_hash,
        files_read.byte_count,
        files_read.row_count as rows_in_file,
        files_read.content_version,
        coalesce(counted.rows_read, 0) as rows_read,
        coalesce(counted.rows_kept, 0) as rows_kept,
        coalesce(counted.duplicates_removed, 0) as duplicates_removed,
        coalesce(counted.rows_quarantined, 0) as rows_quarantined,
        coalesce(files_read.first_loaded_at, counted.first_loaded_at) as first_loaded_at,
        coalesce(files_read.loaded_at, counted.loaded_at) as loaded_at
    from counted
    full outer join files_read
        on counted.file_key = files_read.file_key

)

select * from loaded
