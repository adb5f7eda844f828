with

orders as (

    select * from {{ ref('int_orders__totalled') }}
    where reporting_amount is not null

),

refunds as (

    select * from {{ ref('int_orders__refunded') }}
    where reporting_amount is not null

),

order_totals as (

    select
        customer360_id,
        {{ count_where("is_completed") }} as orders_count,
        {{ sum_amount_where("reporting_amount", "is_completed") }} as total_revenue,
        {{ sum_amount_where("reporting_amount", "is_completed and purchase_channel = 'online'") }}
            as online_revenue,
        {{ sum_amount_where("reporting_amount", "is_completed and purchase_channel = 'in_store'") }}
            as in_store_revenue,
        {{ count_where("is_completed and purchase_channel = 'online'") }} as online_orders,
        {{ count_where("is_completed and purchase_channel = 'in_store'") }} as in_store_orders,
        max(case when is_completed then reporting_amount end) as max_order_value,
        {{ count_where("order_status = 'cancelled'") }} as cancelled_orders_count,
        {{ count_where("order_status = 'failed'") }} as failed_orders_count,
        min(case when is_completed then ordered_at end) as first_purchase_at,
        max(case when is_completed then ordered_at end) as last_purchase_at
    from orders
    group by customer360_id

),

refund_totals as (

    select
        customer360_id,
        count(*) as refunds_count,
        cast(sum(reporting_amount) as decimal(18, 2)) as refunds_amount
    from refunds
    group by customer360_id

),

totals as (

    select
        order_totals.customer360_id,
        order_totals.orders_count,
        order_totals.total_revenue,
        {{ average_amount('order_totals.total_revenue', 'order_totals.orders_count') }}
            as avg_order_value,
        order_totals.max_order_value,
        order_totals.online_revenue,
        order_totals.in_store_revenue,
        case
            when order_totals.online_orders > order_totals.in_store_orders then 'online'
            when order_totals.online_orders < order_totals.in_store_orders then 'in_store'
            when order_totals.orders_count > 0 then 'omnichannel'
        end as purchase_channel,
        coalesce(refund_totals.refunds_count, 0) as refunds_count,
        {{ amount_or_zero('refund_totals.refunds_amount') }} as refunds_amount,
        cast(
            order_totals.total_revenue - coalesce(refund_totals.refunds_amount, 0) as decimal(18, 2)
        ) as net_revenue,
        order_totals.cancelled_orders_count,
        order_totals.failed_orders_count,
        order_totals.first_purchase_at,
        order_totals.last_purchase_at
    from order_totals
    left join refund_totals
        on order_totals.customer360_id = refund_totals.customer360_id

)

select * from totals
