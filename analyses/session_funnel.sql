-- Question: how far do visits get, and which sources bring visits that end in a purchase?
-- Read it: one line per source and medium. Each step counts the sessions that took it, whatever
-- they did before. `conversion_share` is the part of all sessions with a purchase, `checkout_share`
-- the part of those that began a checkout. Revenue is of completed orders.

with

sessions as (

    select * from {{ ref('customer360_sessions') }}

),

by_source as (

    select
        coalesce(source, '(none)') as source,
        coalesce(medium, '(none)') as medium,
        count(*) as sessions_count,
        sum(case when has_viewed_product then 1 else 0 end) as with_product,
        sum(case when has_added_to_cart then 1 else 0 end) as with_cart,
        sum(case when has_begun_checkout then 1 else 0 end) as with_checkout,
        sum(case when converted then 1 else 0 end) as conversions,
        sum(case when converted and has_begun_checkout then 1 else 0 end) as checkouts_converted,
        sum(revenue) as revenue,
        max(currency) as currency
    from sessions
    group by
        coalesce(source, '(none)'),
        coalesce(medium, '(none)')

)

select
    source,
    medium,
    sessions_count,
    with_product,
    with_cart,
    with_checkout,
    conversions,
    round(cast(conversions as decimal(18, 4)) / sessions_count, 4) as conversion_share,
    round(cast(checkouts_converted as decimal(18, 4)) / nullif(with_checkout, 0), 4)
        as checkout_share,
    revenue,
    round(revenue / sessions_count, 2) as revenue_per_session,
    currency
from by_source
order by sessions_count desc, source asc, medium asc
