-- Question: how much of what happens do we see without knowing who it is?
-- Read it: one line per month. Every event is counted once: `by_own_identifier` names its customer
-- itself (login, e-mail, order, ...), `by_device` came from a device or cookie of just one known
-- customer, `by_time` from a shared one next to somebody's login, `anonymous` belongs to nobody
-- known. A rising `anonymous_share` may mean fewer logins, or a tracker that lost its user id.

with

events as (

    select * from {{ ref('customer360_events') }}

),

monthly as (

    select
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month_date,
        count(*) as events_count,
        sum(case when attributed_by like '%-time' then 1 else 0 end) as by_time,
        sum(case when attributed_by in ('device', 'cookie') then 1 else 0 end) as by_device,
        sum(case when attributed_by = 'anonymous' then 1 else 0 end) as anonymous
    from events
    group by cast({{ dbt.date_trunc('month', 'occurred_at') }} as date)

)

select
    month_date,
    events_count,
    events_count - by_time - by_device - anonymous as by_own_identifier,
    by_device,
    by_time,
    anonymous,
    round(cast(anonymous as decimal(18, 4)) / events_count, 4) as anonymous_share
from monthly
order by month_date
