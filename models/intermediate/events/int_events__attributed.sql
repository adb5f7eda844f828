with

events as (

    select * from {{ ref('int_events__unioned') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

links as (

    select * from {{ ref('int_identity__links') }}
    where dropped_reason is null

),

time_attributed as (

    select * from {{ ref('int_events__time_attributed') }}

),

campaigns as (

    select * from {{ ref('stg_marketing__campaigns') }}

),

-- The strongest identifier a record carries is what its events are attributed by.
strongest_links as (

    select
        record_no,
        {{ first_value_by('identifier_type', 'type_rank') }} as identifier_type
    from links
    group by record_no

),

attributed as (

    select
        -- keys
        events.event_id,
        coalesce(time_attributed.customer360_id, customers.customer360_id) as customer360_id,
        events.source_system,
        events.source_record_id,

        -- what happened
        events.event_name,
        events.source_event_name,
        events.event_category,
        events.channel,
        events.session_id as source_session_id,
        events.device_id,
        events.cookie_id,
        events.user_id,
        events.record_key,
        events.user_id is not null as is_logged_in,
        case
            when time_attributed.attributed_by is not null then time_attributed.attributed_by
            when customers.record_role = 'anonymous' then 'anonymous'
            when strongest_links.identifier_type = 'user_id' then 'login'
            else replace(strongest_links.identifier_type, '_id', '')
        end as attributed_by,
        events.page_url,
        events.referrer,
        coalesce(events.utm_source, campaigns.utm_source) as utm_source,
        coalesce(events.utm_medium, campaigns.utm_medium) as utm_medium,
        coalesce(campaigns.campaign_name, events.utm_campaign) as utm_campaign,
        events.product_id,
        events.order_id,
        events.properties,

        -- measures
        events.amount,
        events.currency,
        events.quantity,

        -- times
        events.occurred_at,
        events.loaded_at
    from events
    inner join customers
        on events.record_key = customers.record_key
    left join strongest_links
        on customers.record_no = strongest_links.record_no
    left join time_attributed
        on events.event_id = time_attributed.event_id
    -- Some sources tell of a campaign by its id.
    left join campaigns
        on events.utm_campaign = campaigns.campaign_id

)

select * from attributed
