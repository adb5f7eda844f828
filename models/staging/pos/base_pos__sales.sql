{{ config(materialized='table') }}

with

sales as (

    select * from {{ raw('pos', 'sales') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        sales.*,
        {{ dialled_digits('sales.phone') }} as dialled_phone,
        {{ clean_integer('sales.quantity') }} as quantity_number,
        {{ lookup_code('sales.sale_status') }} as status_key,
        {{ clean_amount('sales.amount') }} as amount_number,
        {{ utc_moment('sales.sold_at') }} as sold_at_utc,
        {{ utc_moment('sales.updated_at') }} as updated_at_utc,
        {{ utc_moment('sales.loaded_at') }} as loaded_at_utc
    from sales

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.sale_id as source_sale_id,

        -- identifiers
        {{ namespaced_id('typed', 'store_id') }} as store_id,
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'loyalty_id') }} as loyalty_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone') }} as phone,

        -- attributes
        typed.product_id,
        {{ clean_text('typed.sale_status') }} as source_sale_status,
        case
            when typed.sale_status is null then 'completed'
            else coalesce(order_statuses.order_status, 'pending')
        end as sale_status,
        {{ lookup_code('typed.payment_method') }} as payment_method,
        typed.payment_reference,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,

        -- measures
        typed.quantity_number as quantity,
        typed.amount_number as amount,

        -- times
        typed.sold_at_utc as sold_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['sale_id'],
            required_times=['sold_at'],
            times=['updated_at', 'loaded_at'],
            numbers=['quantity', 'amount'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join order_statuses
        on typed.status_key = order_statuses.source_status

),

-- A row that carries no identifier belongs to itself; else all people that nobody knows anything
-- of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(customer_id, loyalty_id, email, phone) is null
                then source_sale_id
        end as anonymous_sale_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('sales', 'source_sale_id') }} as event_id,
        {{ tuple_key(
            'buyers',
            [
                'customer_id', 'loyalty_id', 'email', 'phone', 'anonymous_sale_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_sale_id',
            version_times=['updated_at', 'loaded_at', 'sold_at'],
        ) }} as row_status
    from tupled

)

select * from judged
