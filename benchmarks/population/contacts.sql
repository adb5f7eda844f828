with

-- One record, now and then a second one with another address and the same phone or number.
plain as (
    select *, unnest(range(1 + (draw(person, 'second record') < 0.25)::integer)) as nth
    from people
    where kind <> 'visitor' and not is_chain
),

chained as (
    select *, unnest(range(24)) as nth
    from people
    where is_chain
),

together as (
    select * from plain
    union all by name
    select * from chained
)

select
    'C' || (person * 32 + nth) as contact_id,
    case when kind = 'account' and (nth = 0 or draw(person, 'second number') < 0.5) and not is_chain
        then 'N' || person end as customer_id,
    case when kind = 'account' and nth = 0 and draw(person, 'login known') < 0.5 and not is_chain
        then person::varchar end as user_id,
    case when has_card and nth = 0 and not is_chain then 'L' || person end as loyalty_id,
    case
        -- Each record of a chain has an address of the one before, or a phone of it, in turns.
        when is_chain then address_of(person, 1 + (nth + 1) // 2)
        when draw(person, 'no address') < 0.06 then null
        else written_address(address_of(person, least(nth, address_count - 1)), person * 32 + nth)
    end as email,
    case
        when is_chain then '+49170' || lpad((person * 32 + nth // 2)::varchar, 8, '0')
        when household is not null and draw(person, 'land line') < 0.3
            then '+49 30 ' || lpad((1000000 + household)::varchar, 8, '0')
        when phone_count > 0 then written_phone(phone_of(person, nth % phone_count), person * 32 + nth)
    end as phone,
    given_name(person) as first_name,
    surname(coalesce(household, person)) as last_name,
    strftime(date '1940-01-01' + pick(person, 'born', 24000)::integer, '%Y-%m-%d') as date_of_birth,
    'DE' as country,
    name_of(['Berlin', 'Bremen', 'Essen', 'Jena', 'Kassel', 'Kiel', 'Mainz', 'Ulm'], coalesce(household, person), 'city') as city,
    lpad((10000 + pick(coalesce(household, person), 'post', 80000))::varchar, 5, '0') as postal_code,
    case when draw(person, 'opt in') < 0.6 then 'yes' else 'no' end as email_opt_in,
    moment(joined_after) as created_at,
    moment(joined_after + 3600 * nth) as updated_at,
    moment(joined_after + 3600 * nth) as loaded_at,
    joined_after as after,
    person_id
from together
