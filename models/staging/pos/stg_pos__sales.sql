with

judged as (

    select * from {{ ref('base_pos__sales') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_sale_id,
        record_key,

        -- identifiers
        store_id,
        customer_id,
        loyalty_id,
        email,
        phone,
        anonymous_sale_id,

        -- attributes
        product_id,
        source_sale_status,
        sale_status,
        payment_method,
        payment_reference,
        currency,

        -- measures
        quantity,
        amount,

        -- times
        sold_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
