with

judged as (

    select * from {{ ref('base_stripe__charges') }}

),

kept as (

    select
        -- keys
        charge_key,
        source_system,
        source_charge_id,
        record_key,

        -- identifiers
        charge_id,
        stripe_customer_id,
        email,
        order_id,
        anonymous_charge_id,

        -- attributes
        payment_intent_id,
        invoice_id,
        currency,
        source_charge_status,
        charge_status,

        -- measures
        amount,
        amount_refunded,

        -- times
        created_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
