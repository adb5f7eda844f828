{{ config(materialized='table') }}

with

order_items as (

    select * from {{ raw('shop', 'order_items') }}

),

cleaned as (

    select
        -- keys
        order_items.source_system,
        {{ clean_id('order_items.order_item_id') }} as source_order_item_id,
        {{ namespaced_id('order_items', 'order_id') }} as order_id,

        -- attributes
        {{ clean_id('order_items.product_id') }} as product_id,
        {{ clean_text('order_items.product_name') }} as product_name,
        {{ clean_text('order_items.product_category') }} as product_category,

        -- measures
        {{ clean_integer('order_items.quantity') }} as quantity,
        {{ clean_amount('order_items.unit_price') }} as unit_price,
        {{ clean_amount('order_items.amount') }} as line_amount,

        -- times
        {{ clean_timestamp('order_items.updated_at') }} as updated_at,
        {{ clean_timestamp('order_items.loaded_at') }} as loaded_at,

        -- judgement
        {{ quarantine_reason(
            'order_items',
            key='order_item_id',
            required_keys=['order_id'],
            times=['updated_at', 'loaded_at'],
            numbers=['unit_price', 'amount'],
            integers=['quantity'],
        ) }} as quarantine_reason,
        order_items.raw_row
    from order_items

),

judged as (

    select
        *,
        {{ record_key('order_items', 'source_order_item_id') }} as order_item_id,
        cast(coalesce(line_amount, quantity * unit_price) as decimal(18, 2)) as amount,
        {{ row_status(
            'source_system, source_order_item_id',
            version_times=['updated_at', 'loaded_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
