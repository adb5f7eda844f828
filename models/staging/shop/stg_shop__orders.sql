with

judged as (

    select * from {{ ref('base_shop__orders') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_order_id,
        record_key,

        -- identifiers
        order_id,
        customer_id,
        user_id,
        loyalty_id,
        email,
        phone,
        device_id,
        cookie_id,
        anonymous_order_id,

        -- attributes
        first_name,
        last_name,
        country,
        region,
        city,
        postal_code,
        address_line,
        source_order_status,
        order_status,
        amount,
        currency,

        -- times
        ordered_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
