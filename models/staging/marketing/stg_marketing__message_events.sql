with

judged as (

    select * from {{ ref('base_marketing__message_events') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_message_event_id,
        record_key,

        -- identifiers
        campaign_id,
        email,
        phone,
        customer_id,
        user_id,
        device_id,
        anonymous_message_id,

        -- attributes
        message_id,
        source_event_name,
        event_name,
        event_category,
        channel,
        link_url,

        -- times
        occurred_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
