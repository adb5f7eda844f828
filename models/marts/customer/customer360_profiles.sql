with

profiles as (

    select * from {{ ref('int_profile__assembled') }}

),

times as (

    select * from {{ ref('int_state__profile_times') }}

),

final as (

    select
        -- keys
        profiles.customer360_id,

        -- identity
        profiles.primary_source,
        profiles.source_ids,
        profiles.source_systems,
        profiles.source_count,
        profiles.record_count,
        profiles.is_identified,
        profiles.identity_confidence,

        -- name and contact
        profiles.first_name,
        profiles.last_name,
        profiles.full_name,
        profiles.company,
        profiles.primary_email,
        profiles.email_domain,
        profiles.emails,
        profiles.primary_phone,
        profiles.phones,
        profiles.language,
        profiles.country,
        profiles.region,
        profiles.city,
        profiles.postal_code,
        profiles.address_line,

        -- demographics and preferences
        profiles.date_of_birth,
        profiles.birth_year,
        profiles.age,
        profiles.age_group,
        profiles.gender,
        profiles.preferred_channel,
        profiles.purchase_channel,
        profiles.opt_in_status,
        profiles.consent_scopes,
        profiles.interests,
        profiles.monthly_income,
        profiles.income_bracket,
        profiles.credit_score,
        profiles.credit_tier,

        -- lifecycle and engagement
        profiles.lifecycle_status,
        profiles.lifecycle_stage,
        profiles.last_channel_seen,
        profiles.customer_lifetime_days,
        profiles.days_since_last_seen,
        profiles.is_active,
        profiles.total_sessions,
        profiles.total_page_views,
        profiles.total_interactions,
        profiles.email_opens,
        profiles.email_clicks,
        profiles.push_notifications,
        profiles.support_tickets,
        profiles.open_support_tickets,
        profiles.escalated_support_tickets,
        profiles.support_resolution_rate,

        -- acquisition
        profiles.acquisition_source,
        profiles.acquisition_medium,
        profiles.acquisition_campaign,
        profiles.last_touch_source,
        profiles.last_touch_medium,
        profiles.last_touch_campaign,

        -- commerce and value
        profiles.orders_count,
        profiles.total_revenue,
        profiles.avg_order_value,
        profiles.max_order_value,
        profiles.online_revenue,
        profiles.in_store_revenue,
        profiles.refunds_count,
        profiles.refunds_amount,
        profiles.net_revenue,
        profiles.cancelled_orders_count,
        profiles.failed_orders_count,
        profiles.active_subscriptions,
        profiles.mrr,
        profiles.lifetime_value,
        profiles.predicted_value_1y,
        profiles.predicted_value_3y,
        profiles.clv_tier,
        profiles.loyalty_tier,
        profiles.loyalty_points_balance,
        profiles.currency,
        profiles.days_since_last_purchase,

        -- open metrics
        profiles.metrics,

        -- times
        profiles.first_seen_at,
        profiles.last_seen_at,
        profiles.acquisition_at,
        profiles.last_support_interaction_at,
        profiles.loyalty_member_since,
        profiles.first_purchase_at,
        profiles.last_purchase_at,
        times.created_at,
        times.updated_at
    from profiles
    inner join times
        on profiles.customer360_id = times.customer360_id

)

select * from final
