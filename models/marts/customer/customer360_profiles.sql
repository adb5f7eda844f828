{% set active_days = var('active_customer_days') %}

with

identities as (

    select * from {{ ref('int_profile__identities') }}

),

contact_points as (

    select * from {{ ref('int_profile__contact_points') }}

),

bridges as (

    select * from {{ ref('int_identity__bridges') }}

),

attributes as (

    select * from {{ ref('int_profile__attributes') }}

),

engagement as (

    select * from {{ ref('int_profile__engagement') }}

),

touches as (

    select * from {{ ref('int_marketing__customer_touches') }}

),

order_totals as (

    select * from {{ ref('int_orders__customer_totals') }}

),

-- An anonymous customer's events may all belong to known ones by time: he was still seen.
seen as (

    select
        identities.customer360_id,
        {{ earliest('identities.first_seen_at', 'engagement.first_event_at') }} as first_seen_at,
        {{ latest('identities.last_seen_at', 'engagement.last_event_at') }} as last_seen_at
    from identities
    left join engagement
        on identities.customer360_id = engagement.customer360_id

),

-- Spans of time, some of which move with as_of alone.
aged as (

    select
        seen.customer360_id,
        {{ age_in_years('attributes.date_of_birth') }} as age,
        {{ days_between('seen.first_seen_at', 'seen.last_seen_at') }} as customer_lifetime_days,
        {{ days_between('seen.last_seen_at', as_of()) }} as days_since_last_seen,
        {{ days_between('order_totals.last_purchase_at', as_of()) }} as days_since_last_purchase
    from seen
    left join attributes
        on seen.customer360_id = attributes.customer360_id
    left join order_totals
        on seen.customer360_id = order_totals.customer360_id

),

final as (

    select
        -- keys
        identities.customer360_id,

        -- identity
        identities.primary_source,
        identities.source_ids,
        identities.source_systems,
        {{ count_or_zero('identities.source_count') }} as source_count,
        {{ count_or_zero('identities.record_count') }} as record_count,
        identities.is_identified,
        bridges.identity_confidence,

        -- name and contact
        attributes.first_name,
        attributes.last_name,
        coalesce(
            attributes.first_name || ' ' || attributes.last_name,
            attributes.full_name,
            attributes.last_name,
            attributes.first_name
        ) as full_name,
        attributes.company,
        contact_points.primary_email,
        {{ dbt.split_part('contact_points.primary_email', "'@'", 2) }} as email_domain,
        contact_points.emails,
        contact_points.primary_phone,
        contact_points.phones,
        attributes.language,
        attributes.country,
        attributes.region,
        attributes.city,
        attributes.postal_code,
        attributes.address_line,

        -- demographics and preferences
        attributes.date_of_birth,
        cast(extract(year from attributes.date_of_birth) as {{ dbt.type_int() }}) as birth_year,
        aged.age,
        {{ age_group('aged.age') }} as age_group,
        attributes.gender,
        case when order_totals.orders_count > 0 then 'online' end as purchase_channel,
        coalesce(attributes.opt_in_status, 'unknown') as opt_in_status,

        -- lifecycle and engagement
        attributes.lifecycle_status,
        engagement.last_channel_seen,
        aged.customer_lifetime_days,
        aged.days_since_last_seen,
        coalesce(aged.days_since_last_seen <= {{ active_days }}, false) as is_active,
        {{ count_or_zero('engagement.total_sessions') }} as total_sessions,
        {{ count_or_zero('engagement.total_page_views') }} as total_page_views,
        {{ count_or_zero('engagement.total_interactions') }} as total_interactions,

        -- acquisition
        touches.acquisition_source,
        touches.acquisition_medium,
        touches.acquisition_campaign,
        touches.last_touch_source,
        touches.last_touch_medium,
        touches.last_touch_campaign,

        -- commerce and value
        {{ count_or_zero('order_totals.orders_count') }} as orders_count,
        {{ amount_or_zero('order_totals.total_revenue') }} as total_revenue,
        order_totals.avg_order_value,
        order_totals.max_order_value,
        {{ amount_or_zero('order_totals.total_revenue') }} as online_revenue,
        {{ count_or_zero('order_totals.refunds_count') }} as refunds_count,
        {{ amount_or_zero('order_totals.refunds_amount') }} as refunds_amount,
        {{ amount_or_zero('order_totals.net_revenue') }} as net_revenue,
        {{ count_or_zero('order_totals.cancelled_orders_count') }} as cancelled_orders_count,
        {{ count_or_zero('order_totals.failed_orders_count') }} as failed_orders_count,
        '{{ var("reporting_currency") }}' as currency,
        aged.days_since_last_purchase,

        -- times
        seen.first_seen_at,
        seen.last_seen_at,
        touches.acquisition_at,
        order_totals.first_purchase_at,
        order_totals.last_purchase_at
    from identities
    inner join seen
        on identities.customer360_id = seen.customer360_id
    inner join bridges
        on identities.customer360_id = bridges.customer360_id
    left join contact_points
        on identities.customer360_id = contact_points.customer360_id
    left join attributes
        on identities.customer360_id = attributes.customer360_id
    inner join aged
        on identities.customer360_id = aged.customer360_id
    left join engagement
        on identities.customer360_id = engagement.customer360_id
    left join touches
        on identities.customer360_id = touches.customer360_id
    left join order_totals
        on identities.customer360_id = order_totals.customer360_id
    where identities.is_identified or {{ var('include_anonymous_profiles') }}

)

select * from final
