with

numbered as (
    select
        visits.*,
        unnest(range(event_count)) as nth
    from visits
),

-- The order's purchase is the visit's last event.
told as (
    select
        numbered.*,
        nth = event_count - 1 and has_order and draw(visit_key, 'seen by the tracker') < 0.6 as is_purchase,
        visit_key * 64 + nth as event_key,
        floor(started_after + nth * 900.0 / event_count) as after
    from numbered
),

of_people as (
    select
        'E' || event_key as event_id,
        case
            when is_purchase then 'purchase'
            when has_login and nth = login_at then 'login'
            when nth = 0 then 'page_view'
            else name_of(['page_view', 'page_view', 'page_view', 'product_view', 'product_view', 'add_to_cart', 'search', 'scroll'], event_key, 'name')
        end as event_name,
        -- A login is known from then on, in that visit.
        case when has_login and nth >= login_at then person::varchar end as user_id,
        case when is_purchase and draw(visit_key, 'mail in event') < 0.2
            then written_address(address_of(person, 0), visit_key) end as email,
        device_id,
        case when not starts_with(device, 'kiosk') then cookie_id end as cookie_id,
        case when is_purchase then 'O' || visit_key end as order_id,
        'S' || visit_key as session_id,
        'https://shop.example/p/' || pick(event_key, 'page', 5000) as page_url,
        case when nth = 0 then name_of(['https://search.example/', 'https://news.example/a', null], visit_key, 'referrer') end as referrer,
        case when nth = 0 then name_of([null, null, 'google', 'newsletter', 'meta'], visit_key, 'source') end as utm_source,
        case when nth = 0 then name_of([null, null, 'cpc', 'email', 'paid_social'], visit_key, 'source') end as utm_medium,
        case when is_purchase then ((1990 + pick(visit_key, 'amount', 20000)) / 100)::varchar end as amount,
        case when is_purchase then 'EUR' end as currency,
        'SKU-' || pick(event_key, 'product', 2000) as product_id,
        after,
        person_id
    from told
),

-- Crawlers: a cookie of their own, no login, very many pages.
crawled as (
    select
        crawler * 4096 + nth as event_key,
        crawler,
        nth
    from (
        select crawler, unnest(range(400)) as nth
        from range(getvariable('first_person') // 5000, getvariable('end_person') // 5000) as numbers(crawler)
    )
),

of_crawlers as (
    select
        'B' || event_key as event_id,
        'page_view' as event_name,
        'c-bot-' || crawler as cookie_id,
        'BS' || crawler as session_id,
        'https://shop.example/p/' || nth as page_url,
        floor(draw(crawler, 'crawl') * getvariable('all_seconds')) + nth as after,
        'BOT' || crawler as person_id
    from crawled
),

together as (
    select * from of_people
    union all by name
    select * from of_crawlers
)

select
    * exclude (after, person_id),
    moment(after) as occurred_at,
    moment(after + 60) as loaded_at,
    after,
    person_id
from together
