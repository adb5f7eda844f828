-- Question: which orders are not in anybody's revenue because they were paid in another currency?
-- Read it: one line per currency and state of the order. The reporting currency itself is there for
-- comparison, marked by `is_reported`; all other lines are in no total of customer360_profiles.
-- Reads intermediate models, which are in the working file only.

with

orders as (

    select * from {{ ref('int_orders__totalled') }}

)

select
    currency,
    currency = '{{ var("reporting_currency") }}' as is_reported,
    order_status,
    count(*) as orders_count,
    count(distinct customer360_id) as customers,
    sum(amount) as amount,
    min(ordered_at) as first_ordered_at,
    max(ordered_at) as last_ordered_at
from orders
group by currency, order_status
order by currency, order_status
