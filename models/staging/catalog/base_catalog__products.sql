{{ config(materialized='table') }}

with

products as (

    select * from {{ raw('catalog', 'products') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        products.*,
        {{ clean_amount('products.list_price') }} as list_price_number,
        {{ clean_amount('products.unit_cost') }} as unit_cost_number,
        {{ utc_moment('products.updated_at') }} as updated_at_utc,
        {{ utc_moment('products.loaded_at') }} as loaded_at_utc
    from products

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.product_id as source_product_id,

        -- attributes
        {{ clean_text('typed.product_name') }} as product_name,
        {{ clean_text('typed.product_category') }} as product_category,
        {{ clean_text('typed.product_subcategory') }} as product_subcategory,
        {{ clean_text('typed.brand') }} as brand,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,
        {{ clean_boolean('typed.is_active') }} as is_active,

        -- measures
        typed.list_price_number as list_price,
        typed.unit_cost_number as unit_cost,

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
            keys=['product_id'],
            times=['updated_at', 'loaded_at'],
            numbers=['list_price', 'unit_cost'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

judged as (

    select
        *,
        {{ record_key('products', 'source_product_id') }} as product_key,
        {{ row_status(
            'source_system, source_product_id',
            version_times=['updated_at', 'loaded_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
