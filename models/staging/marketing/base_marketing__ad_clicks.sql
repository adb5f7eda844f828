{{ config(materialized='table') }}

with

ad_clicks as (

    select * from {{ raw('marketing', 'ad_clicks') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        ad_clicks.*,
        {{ clean_amount('ad_clicks.cost') }} as cost_number,
        {{ utc_moment('ad_clicks.clicked_at') }} as clicked_at_utc,
        {{ utc_moment('ad_clicks.loaded_at') }} as loaded_at_utc
    from ad_clicks

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.ad_click_id as source_ad_click_id,

        -- identifiers
        {{ namespaced_id('typed', 'campaign_id') }} as campaign_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ namespaced_id('typed', 'cookie_id') }} as cookie_id,
        {{ namespaced_id('typed', 'device_id') }} as device_id,

        -- attributes
        {{ lookup_code('typed.ad_platform') }} as ad_platform,
        {{ clean_text('typed.landing_page') }} as page_url,
        lower({{ clean_text('typed.utm_source') }}) as utm_source,
        lower({{ clean_text('typed.utm_medium') }}) as utm_medium,
        {{ clean_text('typed.utm_campaign') }} as utm_campaign,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,

        -- measures
        typed.cost_number as cost,

        -- times
        typed.clicked_at_utc as clicked_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['ad_click_id'],
            required_times=['clicked_at'],
            times=['loaded_at'],
            numbers=['cost'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

-- A row that carries no identifier belongs to itself; else all people that nobody knows anything
-- of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(user_id, cookie_id, device_id) is null
                then source_ad_click_id
        end as anonymous_click_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('ad_clicks', 'source_ad_click_id') }} as event_id,
        {{ tuple_key(
            'visitors',
            [
                'user_id', 'cookie_id', 'device_id', 'anonymous_click_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_ad_click_id',
            version_times=['loaded_at', 'clicked_at'],
        ) }} as row_status
    from tupled

)

select * from judged
