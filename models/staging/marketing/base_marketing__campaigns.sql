{{ config(materialized='table') }}

with

campaigns as (

    select * from {{ raw('marketing', 'campaigns') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        campaigns.*,
        {{ clean_amount('campaigns.cost') }} as cost_number,
        {{ clean_integer('campaigns.impressions') }} as impressions_number,
        {{ clean_integer('campaigns.clicks') }} as clicks_number,
        {{ utc_moment('campaigns.started_at') }} as started_at_utc,
        {{ utc_moment('campaigns.ended_at') }} as ended_at_utc,
        {{ utc_moment('campaigns.updated_at') }} as updated_at_utc,
        {{ utc_moment('campaigns.loaded_at') }} as loaded_at_utc
    from campaigns

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.campaign_id as source_campaign_id,

        -- identifiers
        {{ namespaced_id('typed', 'campaign_id') }} as campaign_id,

        -- attributes
        {{ clean_text('typed.campaign_name') }} as campaign_name,
        {{ lookup_code('typed.channel') }} as channel,
        lower({{ clean_text('typed.utm_source') }}) as utm_source,
        lower({{ clean_text('typed.utm_medium') }}) as utm_medium,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,

        -- measures
        typed.cost_number as cost,
        typed.impressions_number as impressions,
        typed.clicks_number as clicks,

        -- times
        typed.started_at_utc as started_at,
        typed.ended_at_utc as ended_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['campaign_id'],
            times=['started_at', 'updated_at', 'loaded_at'],
            planned_times=['ended_at'],
            numbers=['cost', 'impressions', 'clicks'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

judged as (

    select
        *,
        {{ record_key('campaigns', 'source_campaign_id') }} as campaign_key,
        {{ row_status(
            'source_system, source_campaign_id',
            version_times=['updated_at', 'loaded_at', 'started_at', 'ended_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
