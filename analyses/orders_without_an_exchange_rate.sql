-- Question: which orders are in nobody's revenue because no exchange rate is known for them?
-- Read it: one line per currency and state of the order; `has_rate` false are the orders that are
-- in no total of customer360_profiles, until the seed exchange_rates has a rate for their day.
-- Reads intermediate models, which are in the working file only.

with

orders as (

    select * from {{ ref('int_orders__totalled') }}

)

select
    currency,
    reporting_amount is not null as has_rate,
    order_status,
    count(*) as orders_count,
    count(distinct customer360_id) as customers,
    sum(amount) as amount,
    sum(reporting_amount) as reporting_amount,
    min(ordered_at) as first_ordered_at,
    max(ordered_at) as last_ordered_at
from orders
group by currency, reporting_amount is not null, order_status
order by currency, has_rate, order_status
