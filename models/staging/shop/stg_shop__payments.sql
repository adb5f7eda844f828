with

judged as (

    select * from {{ ref('base_shop__payments') }}

),

kept as (

    select
        -- keys
        payment_key,
        source_system,
        source_payment_id,

        -- identifiers
        order_id,

        -- attributes
        payment_reference,
        payment_method,
        source_payment_status,
        payment_status,
        currency,

        -- measures
        amount,

        -- times
        paid_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
