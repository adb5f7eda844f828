select
    'L' || person as loyalty_id,
    case when kind = 'account' and draw(person, 'number on card') < 0.6 then 'N' || person end as customer_id,
    written_address(address_of(person, 0), person) as email,
    case when phone_count > 0 then written_phone(phone_of(person, 0), person) end as phone,
    given_name(person) as first_name,
    surname(coalesce(household, person)) as last_name,
    name_of(['bronze', 'silver', 'gold'], person, 'tier') as loyalty_tier,
    pick(person, 'points', 3000)::varchar as points_balance,
    moment(joined_after) as joined_at,
    moment(joined_after) as updated_at,
    moment(joined_after) as loaded_at,
    joined_after as after,
    person_id
from people
where has_card and kind <> 'visitor'
