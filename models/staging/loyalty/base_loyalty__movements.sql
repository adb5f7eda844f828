{{ config(materialized='table') }}

with

movements as (

    select * from {{ raw('loyalty', 'movements') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        movements.*,
        {{ clean_integer('movements.points') }} as points_number,
        {{ utc_moment('movements.moved_at') }} as moved_at_utc,
        {{ utc_moment('movements.loaded_at') }} as loaded_at_utc
    from movements

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.movement_id as source_movement_id,

        -- identifiers
        {{ namespaced_id('typed', 'loyalty_id') }} as loyalty_id,
        {{ namespaced_id('typed', 'order_id') }} as order_id,

        -- attributes
        {{ lookup_code('typed.movement_type') }} as movement_type,

        -- measures
        typed.points_number as points,

        -- times
        typed.moved_at_utc as moved_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['movement_id', 'loyalty_id'],
            required_times=['moved_at'],
            times=['loaded_at'],
            numbers=['points'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

judged as (

    select
        *,
        {{ record_key('movements', 'source_movement_id') }} as event_id,
        {{ row_status(
            'source_system, source_movement_id',
            version_times=['loaded_at', 'moved_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
