-- Question: which sources bring customers, and which bring customers who buy?
-- Read it: one line per source and medium of the first touch. `buyer_share` is the part of the
-- customers with at least one completed order, `net_revenue_per_customer` spreads the revenue over
-- all of them, buyers or not. '(no touch)' holds the customers of direct visits only.

with

profiles as (

    select * from {{ ref('customer360_profiles') }}

),

by_first_touch as (

    select
        coalesce(acquisition_source, '(no touch)') as acquisition_source,
        coalesce(acquisition_medium, '(none)') as acquisition_medium,
        count(*) as customers,
        sum(case when is_identified then 1 else 0 end) as identified_customers,
        sum(case when orders_count > 0 then 1 else 0 end) as buyers,
        sum(orders_count) as orders_count,
        sum(net_revenue) as net_revenue,
        max(currency) as currency
    from profiles
    group by
        coalesce(acquisition_source, '(no touch)'),
        coalesce(acquisition_medium, '(none)')

)

select
    acquisition_source,
    acquisition_medium,
    customers,
    identified_customers,
    buyers,
    round(cast(buyers as decimal(18, 4)) / customers, 4) as buyer_share,
    orders_count,
    net_revenue,
    round(net_revenue / customers, 2) as net_revenue_per_customer,
    currency
from by_first_touch
order by net_revenue desc, customers desc, acquisition_source asc, acquisition_medium asc
