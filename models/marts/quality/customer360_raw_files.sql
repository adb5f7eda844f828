with

loaded as (

    select * from {{ ref('int_quality__files_loaded') }}

),

final as (

    select
        -- keys
        {{ dbt.hash('file_key') }} as raw_file_id,

        -- attributes
        source_system,
        {{ nth_part('source_contract', '.', 2) }} as source_entity,
        source_file,
        load_mode,
        file_state,
        content_hash,

        -- measures
        byte_count,
        content_version,
        cast(rows_read as {{ dbt.type_bigint() }}) as rows_read,
        cast(rows_kept as {{ dbt.type_bigint() }}) as rows_kept,
        cast(duplicates_removed as {{ dbt.type_bigint() }}) as duplicates_removed,
        cast(rows_quarantined as {{ dbt.type_bigint() }}) as rows_quarantined,

        -- times
        first_loaded_at,
        loaded_at,
        cast(loaded_at as date) as loaded_on
    from loaded

)

select * from final
