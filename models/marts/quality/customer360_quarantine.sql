with

quarantined as (

    select * from {{ ref('int_quality__quarantined') }}

),

final as (

    select
        quarantine_id,
        source_system,
        source_entity,
        source_record_id,
        reason,
        raw_row,
        source_files,
        row_count
    from quarantined

)

select * from final
