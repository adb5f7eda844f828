with

orders as (

    select * from {{ ref('int_orders__totalled') }}
    where
        currency = '{{ var("reporting_currency") }}'
        and is_completed

),

staged_orders as (

    select * from {{ ref('stg_shop__orders') }}

),

figures as (

    select
        staged_orders.record_key,
        cast(sum(orders.amount) as decimal(18, 2)) as revenue,
        count(*) as orders_count
    from orders
    inner join staged_orders
        on orders.order_key = staged_orders.event_id
    group by staged_orders.record_key

)

select * from figures
