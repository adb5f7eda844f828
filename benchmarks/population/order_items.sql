with

lines as (
    select *, unnest(range(1 + pick(visit_key, 'lines', 3))) as nth, 1 + pick(visit_key, 'lines', 3) as line_count
    from orders_placed
)

select
    order_id || '-' || nth as order_item_id,
    order_id,
    'SKU-' || pick(visit_key * 8 + nth, 'product', 2000) as product_id,
    'Product ' || pick(visit_key * 8 + nth, 'product', 2000) as product_name,
    'Category ' || (pick(visit_key * 8 + nth, 'product', 2000) % 12) as product_category,
    '1' as quantity,
    round(amount / line_count, 2)::varchar as unit_price,
    round(amount / line_count, 2)::varchar as amount,
    moment(ordered_after) as updated_at,
    moment(ordered_after + 7200) as loaded_at,
    ordered_after as after,
    person_id
from lines
