{% set separator = text_literal('\u001f') %}
{% set timeline = 'source_system, visitor' %}
{% set in_time = 'occurred_at, event_id' %}
{% set in_session = nulls_last('occurred_at') ~ ', event_id' %}

with

events as (

    select * from {{ ref('int_events__attributed') }}

),

-- What visitors do on sites and in apps. Where nobody knows when it was, only the source can say in
-- which session; such an event has a timeline of its own, so that it ends nobody else's session.
activity as (

    select
        event_id,
        customer360_id,
        source_system,
        source_session_id,
        device_id,
        cookie_id,
        occurred_at,
        event_category = 'behaviour' as is_behaviour,
        case
            when occurred_at is null then 'event:' || event_id
            when device_id is not null then 'device:' || device_id
            when cookie_id is not null then 'cookie:' || cookie_id
            when user_id is not null then 'login:' || user_id
            else 'record:' || record_key
        end as visitor,
        case
            when coalesce(utm_source, utm_medium, utm_campaign) is not null
                then
                    coalesce(utm_source, '') || {{ separator }} || coalesce(utm_medium, '')
                    || {{ separator }} || coalesce(utm_campaign, '')
        end as campaign
    from events
    where
        channel in ('web', 'app')
        and (source_session_id is not null or occurred_at is not null)

),

-- What comes just before on the visitor's timeline, and the devices of a customer in a given id.
compared as (

    select
        event_id,
        customer360_id,
        source_system,
        source_session_id,
        device_id,
        cookie_id,
        occurred_at,
        is_behaviour,
        visitor,
        campaign,
        lag(occurred_at) over (
            partition by source_system, visitor order by occurred_at, event_id
        ) as previous_at,
        min(device_id) over (
            partition by source_system, source_session_id, customer360_id
        ) as first_device,
        max(device_id) over (
            partition by source_system, source_session_id, customer360_id
        ) as last_device,
        min(cookie_id) over (
            partition by source_system, source_session_id, customer360_id
        ) as first_cookie,
        max(cookie_id) over (
            partition by source_system, source_session_id, customer360_id
        ) as last_cookie
    from activity

),

-- Where time alone, or the source, begins a visit. A given id that several devices send is a visit
-- on each; events that do not say on which device they were belong to the only one, or together.
begun as (

    select
        event_id,
        customer360_id,
        source_system,
        occurred_at,
        is_behaviour,
        visitor,
        campaign,
        case
            when source_session_id is not null
                then
                    'given' || {{ separator }} || source_system || {{ separator }}
                    || source_session_id || {{ separator }}
                    || case
                        when first_device <> last_device then coalesce(device_id, cookie_id, '')
                        when first_device is not null then first_device
                        when first_cookie <> last_cookie then coalesce(cookie_id, '')
                        else coalesce(first_cookie, '')
                    end
            when
                previous_at is null
                or occurred_at > {{ minutes_later('previous_at', var('session_timeout_minutes')) }}
                {%- if var('sessions_end_at_midnight') %}
                or cast(occurred_at as date) <> cast(previous_at as date)
                {%- endif %}
                then 'event' || {{ separator }} || event_id
        end as begins_visit
    from compared

),

parted_by_time as (

    select
        event_id,
        customer360_id,
        source_system,
        occurred_at,
        is_behaviour,
        visitor,
        campaign,
        begins_visit,
        {{ carried_value('begins_visit', timeline, in_time, 'back') }} as visit
    from begun

),

{% if var('sessions_end_at_new_campaign') -%}
recalled as (

    select
        event_id,
        customer360_id,
        source_system,
        occurred_at,
        is_behaviour,
        visitor,
        campaign,
        begins_visit,
        visit,
        {{ carried_value('campaign', 'visit', in_time, 'before') }} as campaign_before
    from parted_by_time

),

-- The source itself says where a given session ends: campaigns part only what it gave no id.
begun_by_campaign as (

    select
        event_id,
        customer360_id,
        source_system,
        occurred_at,
        is_behaviour,
        visitor,
        case
            when begins_visit is not null then begins_visit
            when campaign <> campaign_before and visit not like 'given%'
                then 'event' || {{ separator }} || event_id
        end as begins_session
    from recalled

),

parted as (

    select
        event_id,
        customer360_id,
        occurred_at,
        is_behaviour,
        {{ carried_value('begins_session', timeline, in_time, 'back') }} as session_visit
    from begun_by_campaign

),
{%- else -%}
parted as (

    select
        event_id,
        customer360_id,
        occurred_at,
        is_behaviour,
        visit as session_visit
    from parted_by_time

),
{%- endif %}

-- A visit of several customers is a session of each.
numbered as (

    select
        event_id,
        session_visit,
        max(case when is_behaviour then 1 else 0 end) over (
            partition by session_visit
        ) as has_behaviour,
        first_value(event_id) over (
            partition by session_visit order by {{ in_session }}
        ) as first_event_id,
        first_value(event_id) over (
            partition by session_visit, customer360_id order by {{ in_session }}
        ) as first_event_of_customer,
        row_number() over (
            partition by session_visit, customer360_id order by {{ in_session }}
        ) as event_no
    from parted

),

-- The customer who began the visit has its key, so that who else is found in it does not rename it.
assigned as (

    select
        event_id,
        case
            when first_event_of_customer = first_event_id then {{ dbt.hash('session_visit') }}
            else {{ dbt.hash("session_visit || " ~ separator ~ " || first_event_of_customer") }}
        end as session_id,
        event_no
    from numbered
    where has_behaviour = 1 or session_visit like 'given%'

)

select * from assigned
