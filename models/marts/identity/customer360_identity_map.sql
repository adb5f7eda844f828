with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

final as (

    select
        record_key,
        customer360_id,
        source_system,
        source_entity,
        record_role,
        is_identified,
        row_count,
        first_seen_at,
        last_seen_at
    from customers

)

select * from final
