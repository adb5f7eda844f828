with

judged as (

    select * from {{ ref('base_shop__order_items') }}

),

kept as (

    select
        -- keys
        order_item_id,
        source_system,
        source_order_item_id,
        order_id,

        -- attributes
        product_id,
        product_name,
        product_category,

        -- measures
        quantity,
        unit_price,
        amount,

        -- times
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
