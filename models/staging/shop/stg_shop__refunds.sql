with

judged as (

    select * from {{ ref('base_shop__refunds') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_refund_id,

        -- identifiers
        order_id,

        -- attributes
        payment_reference,
        currency,
        refund_reason,

        -- measures
        amount,

        -- times
        refunded_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
