with

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

order_items as (

    select * from {{ ref('stg_shop__order_items') }}

),

payments as (

    select * from {{ ref('stg_shop__payments') }}
    where payment_status = 'succeeded'

),

sales as (

    select * from {{ ref('stg_pos__sales') }}

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

-- What was paid says what an order was worth where nothing else does.
payment_totals as (

    select
        order_id,
        currency,
        sum(amount) as paid_amount
    from payments
    group by order_id, currency

),

unioned as (

    select
        orders.event_id as order_key,
        orders.record_key,
        orders.source_system,
        orders.order_id,
        'online' as purchase_channel,
        orders.order_status,
        orders.currency,
        coalesce(orders.amount, item_totals.items_amount, payment_totals.paid_amount, 0) as amount,
        orders.ordered_at
    from orders
    left join item_totals
        on orders.order_id = item_totals.order_id
    left join payment_totals
        on
            orders.order_id = payment_totals.order_id
            and orders.currency = payment_totals.currency
    union all
    select
        event_id as order_key,
        record_key,
        source_system,
        cast(null as {{ dbt.type_string() }}) as order_id,
        'in_store' as purchase_channel,
        sale_status as order_status,
        currency,
        coalesce(amount, 0) as amount,
        sold_at as ordered_at
    from sales

),

purchases as (

    select
        -- keys
        unioned.order_key,
        customers.customer360_id,
        unioned.record_key,
        unioned.source_system,
        unioned.order_id,

        -- attributes
        unioned.purchase_channel,
        unioned.order_status,
        -- A purchase that was refunded later was sold all the same; its refund is counted apart.
        unioned.order_status in ('completed', 'refunded') as is_completed,
        unioned.currency,

        -- measures
        cast(unioned.amount as decimal(18, 2)) as amount,

        -- times
        unioned.ordered_at
    from unioned
    inner join customers
        on unioned.record_key = customers.record_key

)

select * from purchases
