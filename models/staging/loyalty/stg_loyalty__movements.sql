with

judged as (

    select * from {{ ref('base_loyalty__movements') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_movement_id,

        -- identifiers
        loyalty_id,
        order_id,

        -- attributes
        movement_type,

        -- measures
        points,

        -- times
        moved_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
