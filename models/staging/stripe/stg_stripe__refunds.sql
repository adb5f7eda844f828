with

judged as (

    select * from {{ ref('base_stripe__refunds') }}

),

kept as (

    select
        -- keys
        refund_key,
        source_system,
        source_refund_id,

        -- identifiers
        charge_id,

        -- attributes
        currency,
        source_refund_status,
        refund_status,
        refund_reason,

        -- measures
        amount,

        -- times
        created_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
