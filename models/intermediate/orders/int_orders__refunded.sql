with

refunds as (

    select * from {{ ref('int_orders__refunds_unioned') }}
    where not is_told_twice

),

rates as (

    select * from {{ ref('int_orders__rates_dated') }}

),

refunded as (

    select
        -- keys
        refunds.refund_key,
        refunds.order_key,
        refunds.customer360_id,
        refunds.source_system,

        -- attributes
        refunds.currency,

        -- measures
        cast(coalesce(refunds.amount, 0) as decimal(18, 2)) as amount,
        {{ converted_amount('refunds.amount', 'refunds.currency', 'rates.rate') }}
            as reporting_amount,

        -- times
        refunds.refunded_at
    from refunds
    left join rates
        on
            refunds.currency = rates.currency
            and refunds.refunded_at >= rates.valid_from_at
            and refunds.refunded_at < rates.valid_to_at

)

select * from refunded
