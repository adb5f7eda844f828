with

orders as (

    select * from {{ ref('int_orders__totalled') }}
    where currency = '{{ var("reporting_currency") }}'

),

totals as (

    select
        customer360_id,
        {{ count_where("is_completed") }} as orders_count,
        {{ sum_amount_where("amount", "is_completed") }} as total_revenue,
        max(case when is_completed then amount end) as max_order_value,
        {{ count_where("order_status = 'refunded'") }} as refunds_count,
        {{ sum_amount_where("amount", "order_status = 'refunded'") }} as refunds_amount,
        {{ count_where("order_status = 'cancelled'") }} as cancelled_orders_count,
        {{ count_where("order_status = 'failed'") }} as failed_orders_count,
        min(case when is_completed then ordered_at end) as first_purchase_at,
        max(case when is_completed then ordered_at end) as last_purchase_at
    from orders
    group by customer360_id

),

averaged as (

    select
        *,
        cast(total_revenue - refunds_amount as decimal(18, 2)) as net_revenue,
        {{ average_amount('total_revenue', 'orders_count') }} as avg_order_value
    from totals

)

select * from averaged
