with

orders as (

    select * from {{ ref('int_orders__totalled') }}
    where reporting_amount is not null and is_completed

),

figures as (

    select
        record_key,
        cast(sum(reporting_amount) as decimal(18, 2)) as revenue,
        count(*) as orders_count
    from orders
    group by record_key

)

select * from figures
