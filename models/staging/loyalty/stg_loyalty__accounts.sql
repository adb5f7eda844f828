with

judged as (

    select * from {{ ref('base_loyalty__accounts') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_loyalty_id,
        record_key,

        -- identifiers
        loyalty_id,
        customer_id,
        email,
        phone,

        -- attributes
        first_name,
        last_name,
        date_of_birth,
        loyalty_tier,

        -- measures
        points_balance,

        -- times
        joined_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
