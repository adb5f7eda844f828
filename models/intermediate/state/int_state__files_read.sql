with

files_read as (

    {{ files_read() | indent(4) }}

),

final as (

    select
        file_key,
        source_contract,
        source_system,
        source_file,
        load_mode,
        file_state,
        content_hash,
        byte_count,
        row_count,
        content_version,
        first_loaded_at,
        loaded_at
    from files_read

)

select * from final
