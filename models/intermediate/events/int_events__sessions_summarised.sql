{% set entry_no = 'case when coalesce(page_url, referrer) is not null then event_no end' %}
{% set campaign_no %}
    case when coalesce(utm_source, utm_medium, utm_campaign) is not null then event_no end
{%- endset %}

with

assigned as (

    select * from {{ ref('int_events__sessions_assigned') }}

),

events as (

    select * from {{ ref('int_events__attributed') }}

),

placed as (

    select
        assigned.session_id,
        assigned.event_no,
        events.customer360_id,
        events.source_system,
        events.source_session_id,
        events.event_name,
        events.channel,
        events.device_id,
        events.is_logged_in,
        case
            when
                events.attributed_by not in ('device', 'cookie', 'anonymous')
                and events.attributed_by not like '%-time'
                then events.attributed_by
        end as by_own_evidence,
        case when events.attributed_by in ('device', 'cookie') then events.attributed_by end
            as by_only_customer,
        case when events.attributed_by like '%-time' then events.attributed_by end
            as by_nearest_login,
        events.page_url,
        events.referrer,
        events.utm_source,
        events.utm_medium,
        events.utm_campaign,
        events.product_id,
        events.occurred_at
    from assigned
    inner join events
        on assigned.event_id = events.event_id

),

-- Source, medium and campaign are of one event: the first that names any of them.
summarised as (

    select
        -- keys
        session_id,
        customer360_id,
        source_system,
        {{ first_value_by('source_session_id', 'event_no') }} as source_session_id,

        -- attributes
        {{ first_value_by('channel', 'event_no') }} as channel,
        {{ first_value_by('device_id', 'event_no') }} as device_id,
        {{ true_for_any('is_logged_in') }} as is_logged_in,
        coalesce(
            {{ first_value_by('by_own_evidence', 'event_no') }},
            {{ first_value_by('by_only_customer', 'event_no') }},
            {{ first_value_by('by_nearest_login', 'event_no') }},
            'anonymous'
        ) as attributed_by,
        {{ first_value_by('page_url', 'event_no') }} as landing_page,
        {{ first_value_by('page_url', '-event_no') }} as exit_page,
        nullif({{ first_value_by("coalesce(referrer, '')", entry_no) }}, '') as referrer,
        nullif({{ first_value_by("coalesce(utm_source, '')", campaign_no) }}, '') as utm_source,
        nullif({{ first_value_by("coalesce(utm_medium, '')", campaign_no) }}, '') as utm_medium,
        nullif({{ first_value_by("coalesce(utm_campaign, '')", campaign_no) }}, '') as utm_campaign,
        {{ true_for_any("event_name = 'product_view'") }} as has_viewed_product,
        {{ true_for_any("event_name = 'add_to_cart'") }} as has_added_to_cart,
        {{ true_for_any("event_name = 'begin_checkout'") }} as has_begun_checkout,

        -- measures
        count(*) as events_count,
        {{ count_where("event_name = 'page_view'") }} as page_views,
        count(distinct case when event_name = 'product_view' then product_id end)
            as products_viewed,

        -- times
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from placed
    group by session_id, customer360_id, source_system

)

select * from summarised
