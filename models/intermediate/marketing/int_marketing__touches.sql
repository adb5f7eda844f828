{% set leads_to_session = var('session_timeout_minutes') * 60 %}

with

sessions as (

    select * from {{ ref('int_marketing__sessions_sourced') }}

),

events as (

    select * from {{ ref('int_events__attributed') }}

),

-- A click says which advertisement or message it was, even where the site saw no visit. One that
-- its source tells within a session is that session's.
clicks as (

    select
        event_id,
        customer360_id,
        coalesce(utm_source, source_system) as source,
        coalesce(utm_medium, case when event_name = 'ad_click' then 'paid' else channel end)
            as medium,
        utm_campaign as campaign,
        occurred_at
    from events
    where
        event_name in ('ad_click', 'email_click', 'sms_click', 'push_open')
        and source_session_id is null
        and occurred_at is not null

),

-- A session that something brought, and when the clicks of its campaign began to lead to it.
brought as (

    select
        session_id,
        customer360_id,
        source,
        medium,
        campaign,
        started_at
    from sessions
    where started_at is not null and (medium is null or medium <> 'direct')

),

followed as (

    select
        clicks.event_id,
        {{ seconds_between('clicks.occurred_at', 'brought.started_at') }} as seconds_between
    from clicks
    inner join brought
        on
            clicks.customer360_id = brought.customer360_id
            and clicks.campaign = brought.campaign
            and clicks.occurred_at <= brought.started_at

),

clicks_of_sessions as (

    select distinct event_id
    from followed
    where seconds_between <= {{ leads_to_session }}

),

touches as (

    select
        session_id as touch_key,
        customer360_id,
        'session' as touch_kind,
        source,
        medium,
        campaign,
        started_at as touched_at
    from brought
    union all
    select
        clicks.event_id as touch_key,
        clicks.customer360_id,
        'click' as touch_kind,
        clicks.source,
        clicks.medium,
        clicks.campaign,
        clicks.occurred_at as touched_at
    from clicks
    left join clicks_of_sessions
        on clicks.event_id = clicks_of_sessions.event_id
    where clicks_of_sessions.event_id is null

)

select * from touches
