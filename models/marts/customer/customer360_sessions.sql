with

sessions as (

    select * from {{ ref('int_events__sessions_summarised') }}

),

sourced as (

    select * from {{ ref('int_marketing__sessions_sourced') }}

),

credited as (

    select * from {{ ref('int_orders__sessions_credited') }}

),

final as (

    select
        -- keys
        sessions.session_id,
        sessions.customer360_id,
        sessions.source_system,
        sessions.source_session_id,

        -- attributes
        sessions.channel,
        sessions.device_id,
        sessions.is_logged_in,
        sessions.attributed_by,
        sessions.landing_page,
        sessions.exit_page,
        sessions.referrer,
        sourced.source,
        sourced.medium,
        sourced.campaign,
        sessions.has_viewed_product,
        sessions.has_added_to_cart,
        sessions.has_begun_checkout,
        coalesce(credited.has_conversion, false) as converted,

        -- measures
        {{ seconds_between('sessions.started_at', 'sessions.ended_at') }} as duration_seconds,
        {{ count_or_zero('sessions.events_count') }} as events_count,
        {{ count_or_zero('sessions.page_views') }} as page_views,
        {{ count_or_zero('sessions.products_viewed') }} as products_viewed,
        {{ count_or_zero('credited.orders_count') }} as orders_count,
        {{ amount_or_zero('credited.revenue') }} as revenue,
        '{{ var("reporting_currency") }}' as currency,

        -- times
        sessions.started_at,
        sessions.ended_at
    from sessions
    inner join sourced
        on sessions.session_id = sourced.session_id
    left join credited
        on sessions.session_id = credited.session_id

)

select * from final
