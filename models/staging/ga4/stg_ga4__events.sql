with

judged as (

    select * from {{ ref('base_ga4__events') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_event_key,
        record_key,

        -- identifiers
        cookie_id,
        user_id,
        order_id,
        anonymous_visit_id,

        -- attributes
        source_event_name,
        event_name,
        event_category,
        ga_session_id,
        event_bundle_sequence_id,
        page_url,
        referrer,
        utm_source,
        utm_medium,
        utm_campaign,
        platform,
        device_category,
        country,
        language,
        product_id,
        currency,
        properties,

        -- measures
        amount,

        -- times
        occurred_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
