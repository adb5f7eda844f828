with

numbered as (
    select *, unnest(range(least(many(person, 'sales', 0.7, 1.2), 200))) as nth
    from people
    where kind <> 'visitor'
),

keyed as (
    select
        *,
        person * 256 + nth as sale_key,
        floor(draw(person * 256 + nth, 'sold') * getvariable('all_seconds')) as after
    from numbered
)

select
    'T' || sale_key as sale_id,
    'ST' || pick(sale_key, 'store', 60) as store_id,
    case when has_card and draw(sale_key, 'card') < 0.7 then 'L' || person end as loyalty_id,
    case when draw(sale_key, 'receipt by mail') < 0.15
        then written_address(address_of(person, pick(sale_key, 'which mail', address_count)), sale_key) end as email,
    'SKU-' || pick(sale_key, 'product', 2000) as product_id,
    '1' as quantity,
    'completed' as sale_status,
    name_of(['card', 'card', 'cash'], sale_key, 'tender') as payment_method,
    ((490 + pick(sale_key, 'amount', 9000)) / 100)::varchar as amount,
    'EUR' as currency,
    moment(after) as sold_at,
    moment(after) as updated_at,
    moment(after + 86400) as loaded_at,
    after,
    person_id
from keyed
