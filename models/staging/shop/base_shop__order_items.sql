{{ config(materialized='table') }}

with

order_items as (

    select * from {{ raw('shop', 'order_items') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        order_items.*,
        {{ clean_integer('order_items.quantity') }} as quantity_number,
        {{ clean_amount('order_items.unit_price') }} as unit_price_number,
        {{ clean_amount('order_items.amount') }} as amount_number,
        {{ utc_timestamp('order_items.updated_at') }} as updated_at_utc,
        {{ utc_timestamp('order_items.loaded_at') }} as loaded_at_utc
    from order_items

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.order_item_id as source_order_item_id,
        {{ namespaced_id('typed', 'order_id') }} as order_id,

        -- attributes
        typed.product_id,
        {{ clean_text('typed.product_name') }} as product_name,
        {{ clean_text('typed.product_category') }} as product_category,

        -- measures
        typed.quantity_number as quantity,
        typed.unit_price_number as unit_price,
        typed.amount_number as line_amount,

        -- times
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['order_item_id', 'order_id'],
            times=['updated_at', 'loaded_at'],
            numbers=['quantity', 'unit_price', 'amount'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

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
