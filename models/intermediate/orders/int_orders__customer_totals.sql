with

orders as (

    select * from {{ ref('int_orders__totalled') }}
    where currency = '{{ var("reporting_currency") }}'

),

totals as (

    select
        customer360_id,
        sum(case when is_completed then 1 else 0 end) as orders_count,
        cast(sum(case when is_completed then amount else 0 end) as decimal(18, 2)) as total_revenue,
        max(case when is_completed then amount end) as max_order_value,
        sum(case when order_status = 'refunded' then 1 else 0 end) as refunds_count,
        cast(sum(case when order_status = 'refunded' then amount else 0 end) as decimal(18, 2)) as refunds_amount,
        sum(case when order_status = 'cancelled' then 1 else 0 end) as cancelled_orders_count,
        sum(case when order_status = 'failed' then 1 else 0 end) as failed_orders_count,
        min(case when is_completed then ordered_at end) as first_purchase_at,
        max(case when is_completed then ordered_at end) as last_purchase_at
    from orders
    group by customer360_id

)

select * from totals
