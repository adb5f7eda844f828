-- Question: who are our best customers, and where did they come from?
-- Read it: the twenty known customers with the highest net revenue, best first. `revenue_share` is
-- the customer's part of everybody's net revenue, `revenue_share_so_far` that of all lines down to
-- this one. The acquisition columns are the first touch; empty means that no visit of theirs named
-- a source. Holds names: share it only with people who may see them.

with

profiles as (

    select * from {{ ref('customer360_profiles') }}

),

ranked as (

    select
        customer360_id,
        full_name,
        country,
        acquisition_source,
        acquisition_medium,
        acquisition_campaign,
        acquisition_at,
        orders_count,
        net_revenue,
        currency,
        row_number() over (order by net_revenue desc, customer360_id asc) as revenue_rank,
        sum(net_revenue) over () as everybodys_revenue,
        sum(net_revenue) over (
            order by net_revenue desc, customer360_id asc
            rows between unbounded preceding and current row
        ) as revenue_so_far
    from profiles
    where is_identified

)

select
    revenue_rank,
    customer360_id,
    full_name,
    country,
    acquisition_source,
    acquisition_medium,
    acquisition_campaign,
    acquisition_at,
    orders_count,
    net_revenue,
    currency,
    round(net_revenue / nullif(everybodys_revenue, 0), 4) as revenue_share,
    round(revenue_so_far / nullif(everybodys_revenue, 0), 4) as revenue_share_so_far
from ranked
where revenue_rank <= 20
order by revenue_rank
