with

judged as (

    select * from {{ ref('base_marketing__campaigns') }}

),

kept as (

    select
        -- keys
        campaign_key,
        source_system,
        source_campaign_id,

        -- identifiers
        campaign_id,

        -- attributes
        campaign_name,
        channel,
        utm_source,
        utm_medium,
        currency,

        -- measures
        cost,
        impressions,
        clicks,

        -- times
        started_at,
        ended_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
