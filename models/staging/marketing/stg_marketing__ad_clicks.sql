with

judged as (

    select * from {{ ref('base_marketing__ad_clicks') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_ad_click_id,
        record_key,

        -- identifiers
        campaign_id,
        user_id,
        cookie_id,
        device_id,
        anonymous_click_id,

        -- attributes
        ad_platform,
        page_url,
        utm_source,
        utm_medium,
        utm_campaign,
        currency,

        -- measures
        cost,

        -- times
        clicked_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
