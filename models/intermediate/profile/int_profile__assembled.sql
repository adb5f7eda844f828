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

lifecycle as (

    select * from {{ ref('int_profile__lifecycle') }}

),

interests as (

    select * from {{ ref('int_profile__interests') }}

),

consents as (

    select * from {{ ref('int_consent__customer_totals') }}

),

support as (

    select * from {{ ref('int_support__customer_totals') }}

),

loyalty as (

    select * from {{ ref('int_loyalty__customer_accounts') }}

),

subscriptions as (

    select * from {{ ref('int_orders__subscriptions_totalled') }}

),

value_tiers as (

    select * from {{ ref('int_profile__value_tiers') }}

),

metrics as (

    select * from {{ ref('int_profile__metrics') }}

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

assembled as (

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
        cast(
            coalesce(extract(year from attributes.date_of_birth), attributes.birth_year)
            as {{ dbt.type_int() }}
        ) as birth_year,
        aged.age,
        {{ age_group('aged.age') }} as age_group,
        attributes.gender,
        engagement.preferred_channel,
        order_totals.purchase_channel,
        coalesce(consents.opt_in_status, 'unknown') as opt_in_status,
        consents.consent_scopes,
        interests.interests,
        attributes.monthly_income,
        attributes.income_bracket,
        cast(attributes.credit_score as {{ dbt.type_int() }}) as credit_score,
        attributes.credit_tier,

        -- lifecycle and engagement
        attributes.lifecycle_status,
        case
            when lifecycle.lifecycle_stage is not null then lifecycle.lifecycle_stage
            when identities.is_identified then 'lead'
            else 'visitor'
        end as lifecycle_stage,
        engagement.last_channel_seen,
        aged.customer_lifetime_days,
        aged.days_since_last_seen,
        coalesce(aged.days_since_last_seen <= {{ active_days }}, false) as is_active,
        {{ count_or_zero('engagement.total_sessions') }} as total_sessions,
        {{ count_or_zero('engagement.total_page_views') }} as total_page_views,
        {{ count_or_zero('engagement.total_interactions') }} as total_interactions,
        {{ count_or_zero('engagement.email_opens') }} as email_opens,
        {{ count_or_zero('engagement.email_clicks') }} as email_clicks,
        {{ count_or_zero('engagement.push_notifications') }} as push_notifications,
        {{ count_or_zero('support.support_tickets') }} as support_tickets,
        {{ count_or_zero('support.open_support_tickets') }} as open_support_tickets,
        {{ count_or_zero('support.escalated_support_tickets') }} as escalated_support_tickets,
        support.support_resolution_rate,

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
        {{ amount_or_zero('order_totals.online_revenue') }} as online_revenue,
        {{ amount_or_zero('order_totals.in_store_revenue') }} as in_store_revenue,
        {{ count_or_zero('order_totals.refunds_count') }} as refunds_count,
        {{ amount_or_zero('order_totals.refunds_amount') }} as refunds_amount,
        {{ amount_or_zero('order_totals.net_revenue') }} as net_revenue,
        {{ count_or_zero('order_totals.cancelled_orders_count') }} as cancelled_orders_count,
        {{ count_or_zero('order_totals.failed_orders_count') }} as failed_orders_count,
        {{ count_or_zero('subscriptions.active_subscriptions') }} as active_subscriptions,
        {{ amount_or_zero('subscriptions.mrr') }} as mrr,
        -- Nothing predicts a customer's value: null keeps the contract whole.
        cast(null as decimal(18, 2)) as lifetime_value,
        cast(null as decimal(18, 2)) as predicted_value_1y,
        cast(null as decimal(18, 2)) as predicted_value_3y,
        value_tiers.clv_tier,
        loyalty.loyalty_tier,
        cast(loyalty.loyalty_points_balance as {{ dbt.type_bigint() }}) as loyalty_points_balance,
        '{{ var("reporting_currency") }}' as currency,
        aged.days_since_last_purchase,

        -- open metrics
        metrics.metrics,

        -- times
        seen.first_seen_at,
        seen.last_seen_at,
        touches.acquisition_at,
        support.last_support_interaction_at,
        loyalty.loyalty_member_since,
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
    left join lifecycle
        on identities.customer360_id = lifecycle.customer360_id
    left join interests
        on identities.customer360_id = interests.customer360_id
    left join consents
        on identities.customer360_id = consents.customer360_id
    left join support
        on identities.customer360_id = support.customer360_id
    left join loyalty
        on identities.customer360_id = loyalty.customer360_id
    left join subscriptions
        on identities.customer360_id = subscriptions.customer360_id
    left join value_tiers
        on identities.customer360_id = value_tiers.customer360_id
    left join metrics
        on identities.customer360_id = metrics.customer360_id
    where identities.is_identified or {{ var('include_anonymous_profiles') }}

)

select * from assembled
