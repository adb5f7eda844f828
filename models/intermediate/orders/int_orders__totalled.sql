with

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

order_items as (

    select * from {{ ref('stg_shop__order_items') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

item_totals as (

    select
        order_id,
        sum(amount) as items_amount
    from order_items
    group by order_id

),

totalled as (

    select
        -- keys
        orders.event_id as order_key,
        customers.customer360_id,
        orders.source_system,
        orders.order_id,

        -- attributes
        orders.order_status,
        orders.currency,
        -- An order that was refunded later was sold all the same; its refund is counted apart.
        orders.order_status in ('completed', 'refunded') as is_completed,

        -- measures
        cast(coalesce(orders.amount, item_totals.items_amount, 0) as decimal(18, 2)) as amount,

        -- times
        orders.ordered_at
    from orders
    inner join customers
        on orders.record_key = customers.record_key
    left join item_totals
        on orders.order_id = item_totals.order_id

)

select * from totalled
