with

judged as (

    select * from {{ ref('base_catalog__products') }}

),

kept as (

    select
        -- keys
        product_key,
        source_system,
        source_product_id,

        -- attributes
        product_name,
        product_category,
        product_subcategory,
        brand,
        currency,
        is_active,

        -- measures
        list_price,
        unit_cost,

        -- times
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
