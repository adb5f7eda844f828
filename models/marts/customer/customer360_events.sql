with

events as (

    select * from {{ ref('int_events__attributed') }}

),

final as (

    select
        event_id,
        customer360_id,
        source_system,
        source_record_id,
        event_name,
        source_event_name,
        event_category,
        channel,
        session_id,
        device_id,
        is_logged_in,
        attributed_by,
        page_url,
        referrer,
        utm_source,
        utm_medium,
        utm_campaign,
        product_id,
        order_id,
        properties,
        amount,
        currency,
        quantity,
        occurred_at,
        loaded_at
    from events

)

select * from final
