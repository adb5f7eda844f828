select
    order_id,
    case when kind = 'account' and draw(visit_key, 'number on order') < 0.8 then 'N' || person end as customer_id,
    case when kind = 'account' and draw(visit_key, 'login on order') < 0.4 then person::varchar end as user_id,
    case when has_card and draw(visit_key, 'card on order') < 0.3 then 'L' || person end as loyalty_id,
    case
        when draw(visit_key, 'shop types') < 0.003 then 'info@shop.example'
        when kind = 'guest' or draw(visit_key, 'mail on order') < 0.7
            then written_address(address_of(person, pick(visit_key, 'which mail', address_count)), visit_key)
    end as email,
    case when phone_count > 0 and draw(visit_key, 'phone on order') < 0.4
        then written_phone(phone_of(person, pick(visit_key, 'which phone', phone_count)), visit_key) end as phone,
    case when draw(visit_key, 'cookie on order') < 0.3 and not starts_with(device, 'kiosk') then cookie_id end as cookie_id,
    given_name(person) as first_name,
    surname(coalesce(household, person)) as last_name,
    'DE' as country,
    name_of(['completed', 'completed', 'completed', 'completed', 'shipped', 'pending', 'cancelled'], visit_key, 'state') as order_status,
    moment(ordered_after) as ordered_at,
    amount::varchar as amount,
    'EUR' as currency,
    moment(ordered_after + 7200) as updated_at,
    moment(ordered_after + 7200) as loaded_at,
    ordered_after as after,
    person_id
from orders_placed
