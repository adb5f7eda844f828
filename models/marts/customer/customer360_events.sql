with

events as (

    select * from {{ ref('int_events__attributed') }}

),

sessions as (

    select * from {{ ref('int_events__sessions_assigned') }}

),

final as (

    select
        events.event_id,
        events.customer360_id,
        events.source_system,
        events.source_record_id,
        events.event_name,
        events.source_event_name,
        events.event_category,
        events.channel,
        sessions.session_id,
        events.device_id,
        events.is_logged_in,
        events.attributed_by,
        events.page_url,
        events.referrer,
        events.utm_source,
        events.utm_medium,
        events.utm_campaign,
        events.product_id,
        events.order_id,
        events.properties,
        events.amount,
        events.currency,
        events.quantity,
        events.occurred_at,
        events.loaded_at
    from events
    left join sessions
        on events.event_id = sessions.event_id

)

select * from final
