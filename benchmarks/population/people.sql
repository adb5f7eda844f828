-- A part of the people, and what they do: who they are, what they own, when they visit.
create or replace temp table people as
select
    person,
    'P' || person as person_id,
    -- Some live in households of up to four, who share a land line and a tablet.
    case when draw(person // 4, 'household') < 0.3 then person // 4 end as household,
    case
        when draw(person, 'kind') < 0.42 then 'account'
        when draw(person, 'kind') < 0.52 then 'guest'
        when draw(person, 'kind') < 0.57 then 'lead'
        else 'visitor'
    end as kind,
    1 + (draw(person, 'addresses') < 0.35)::integer + (draw(person, 'addresses') < 0.1)::integer
        as address_count,
    (draw(person, 'phones') < 0.75)::integer + (draw(person, 'phones') < 0.15)::integer as phone_count,
    1 + least(many(person, 'devices', 0.9, 0.8), 6) as device_count,
    draw(person, 'card') < 0.4 as has_card,
    -- One in ten thousand moves and marries and forgets passwords: a chain of records.
    draw(person, 'chain') < 0.0001 as is_chain,
    least(many(person, 'visits', 1.5, 1.0), 400) as visit_count,
    floor(draw(person, 'joined') * getvariable('all_seconds')) as joined_after
from range(getvariable('first_person'), getvariable('end_person')) as numbers(person);

create or replace temp table visits as
with

numbered as (
    select *, unnest(range(visit_count)) as visit
    from people
),

keyed as (
    select *, person * 1024 + visit as visit_key
    from numbered
),

placed as (
    select
        *,
        floor(draw(visit_key, 'start') * getvariable('all_seconds')) as started_after,
        case
            when draw(visit_key, 'place') < 0.002 then 'kiosk-' || pick(visit_key, 'kiosk', 8)
            when draw(visit_key, 'place') < 0.05 and household is not null then 'tablet-' || household
            else 'd-' || person || '-' || floor(pow(draw(visit_key, 'device'), 2) * device_count)::integer
        end as device,
        kind = 'account' and draw(visit_key, 'login') < 0.55 as has_login,
        kind in ('account', 'guest') and draw(visit_key, 'order') < 0.34 as has_order,
        2 + least(many(visit_key, 'pages', 6.4, 0.6), 60) as event_count
    from keyed
)

select
    *,
    -- A browser's cookie is another one every half a year.
    case when draw(device, 'sends') < 0.9
        then 'c-' || bits(device, 'cookie' || started_after // 15552000)::varchar end as cookie_id,
    case when draw(device, 'sends') > 0.7 or starts_with(device, 'kiosk') then device end as device_id,
    1 + pick(visit_key, 'login at', 4) as login_at
from placed;

create or replace temp table orders_placed as
select
    visits.*,
    'O' || visit_key as order_id,
    started_after + 900 as ordered_after,
    (1990 + pick(visit_key, 'amount', 20000)) / 100 as amount,
    draw(visit_key, 'seen by the tracker') < 0.6 as is_tracked
from visits
where has_order;
