-- Question: which devices do several customers use, and what becomes of visits without a login?
-- Read it: one line per device with events of more than one customer, the most shared first.
-- `by_other_means` are events that name their customer themselves (a login, an e-mail, an order) or
-- come with a cookie of just one; `by_time` those given to the login nearest in time; `anonymous`
-- those of nobody known. Many customers over a long time point to a kiosk or a shop's own tablet,
-- two or three to a family.

with

events as (

    select * from {{ ref('customer360_events') }}

),

profiles as (

    select * from {{ ref('customer360_profiles') }}

),

device_events as (

    select
        events.device_id,
        events.customer360_id,
        coalesce(profiles.is_identified, false) as is_identified,
        events.attributed_by,
        events.occurred_at
    from events
    left join profiles
        on events.customer360_id = profiles.customer360_id
    where events.device_id is not null

),

devices as (

    select
        device_id,
        count(distinct customer360_id) as customers,
        count(distinct case when is_identified then customer360_id end) as identified_customers,
        count(*) as events_count,
        sum(case when attributed_by like '%-time' then 1 else 0 end) as by_time,
        sum(case when attributed_by = 'anonymous' then 1 else 0 end) as anonymous,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from device_events
    group by device_id
    having count(distinct customer360_id) > 1

)

select
    device_id,
    customers,
    identified_customers,
    events_count,
    events_count - by_time - anonymous as by_other_means,
    by_time,
    anonymous,
    first_seen_at,
    last_seen_at
from devices
order by identified_customers desc, customers desc, events_count desc, device_id asc
