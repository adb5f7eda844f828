with

judged as (

    select * from {{ ref('base_app__events') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_event_id,
        record_key,

        -- identifiers
        user_id,
        email,
        phone,
        device_id,
        order_id,
        anonymous_visit_id,

        -- attributes
        source_event_name,
        event_name,
        event_category,
        session_id,
        screen_name,
        app_version,
        platform,
        utm_source,
        utm_medium,
        utm_campaign,
        product_id,
        currency,
        properties,

        -- measures
        amount,
        quantity,

        -- times
        occurred_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
