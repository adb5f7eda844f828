with

events as (

    select * from {{ ref('int_events__attributed') }}

),

sessions as (

    select * from {{ ref('int_events__sessions_summarised') }}

),

session_counts as (

    select
        customer360_id,
        count(*) as total_sessions
    from sessions
    group by customer360_id

),

engagement as (

    select
        customer360_id,
        count(*) as total_interactions,
        {{ count_where("event_name = 'page_view'") }} as total_page_views,
        {{ count_where("event_name = 'email_open'") }} as email_opens,
        {{ count_where("event_name = 'email_click'") }} as email_clicks,
        {{ count_where("event_name = 'push_received'") }} as push_notifications,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at
    from events
    group by customer360_id

),

latest as (

    select
        customer360_id,
        channel,
        row_number() over (
            partition by customer360_id order by occurred_at desc, event_id desc
        ) as recency
    from events

),

-- What the customer did, not what was sent to him, tells the channel that he prefers.
channel_counts as (

    select
        customer360_id,
        channel,
        count(*) as events_count,
        max(occurred_at) as last_event_at
    from events
    where {{ is_done_by_customer('event_name') }}
    group by customer360_id, channel

),

preferred as (

    select
        customer360_id,
        channel,
        row_number() over (
            partition by customer360_id order by events_count desc, last_event_at desc, channel asc
        ) as preference
    from channel_counts

),

with_channel as (

    select
        engagement.customer360_id,
        engagement.total_interactions,
        engagement.total_page_views,
        session_counts.total_sessions,
        engagement.email_opens,
        engagement.email_clicks,
        engagement.push_notifications,
        preferred.channel as preferred_channel,
        latest.channel as last_channel_seen,
        engagement.first_event_at,
        engagement.last_event_at
    from engagement
    inner join latest
        on engagement.customer360_id = latest.customer360_id
    left join session_counts
        on engagement.customer360_id = session_counts.customer360_id
    left join preferred
        on engagement.customer360_id = preferred.customer360_id and preferred.preference = 1
    where latest.recency = 1

)

select * from with_channel
