with

events as (

    select * from {{ ref('int_events__attributed') }}

),

engagement as (

    select
        customer360_id,
        count(*) as total_interactions,
        {{ count_where("event_name = 'page_view'") }} as total_page_views,
        count(distinct source_system || ':' || session_id) as total_sessions,
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

with_channel as (

    select
        engagement.customer360_id,
        engagement.total_interactions,
        engagement.total_page_views,
        engagement.total_sessions,
        latest.channel as last_channel_seen,
        engagement.first_event_at,
        engagement.last_event_at
    from engagement
    inner join latest
        on engagement.customer360_id = latest.customer360_id
    where latest.recency = 1

)

select * from with_channel
