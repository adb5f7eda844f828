{{ config(materialized='table') }}

with

orders as (

    select * from {{ raw('shop', 'orders') }}

),

country_names as (

    select * from {{ ref('country_names') }}

),

countries as (

    select * from {{ ref('countries') }}

),

region_names as (

    select * from {{ ref('region_names') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        orders.*,
        {{ dialled_digits('orders.phone') }} as dialled_phone,
        {{ lookup_text('orders.country') }} as country_key,
        {{ lookup_text('orders.region') }} as region_key,
        {{ lookup_code('orders.order_status') }} as status_key,
        {{ clean_amount('orders.amount') }} as amount_number,
        {{ utc_timestamp('orders.ordered_at') }} as ordered_at_utc,
        {{ utc_timestamp('orders.updated_at') }} as updated_at_utc,
        {{ utc_timestamp('orders.loaded_at') }} as loaded_at_utc
    from orders

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.order_id as source_order_id,

        -- identifiers
        {{ namespaced_id('typed', 'order_id') }} as order_id,
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ namespaced_id('typed', 'loyalty_id') }} as loyalty_id,
        {{ namespaced_id('typed', 'device_id') }} as device_id,
        {{ namespaced_id('typed', 'cookie_id') }} as cookie_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone', 'countries') }} as phone,

        -- attributes
        {{ clean_name('typed.first_name') }} as first_name,
        {{ clean_name('typed.last_name') }} as last_name,
        country_names.country_code as country,
        region_names.region_code as region,
        {{ clean_name('typed.city') }} as city,
        upper({{ clean_text('typed.postal_code') }}) as postal_code,
        {{ clean_text('typed.address_line') }} as address_line,
        {{ clean_text('typed.order_status') }} as source_order_status,
        case
            when typed.order_status is null then 'completed'
            else coalesce(order_statuses.order_status, 'pending')
        end as order_status,
        typed.amount_number as amount,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,

        -- times
        typed.ordered_at_utc as ordered_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['order_id'],
            required_times=['ordered_at'],
            times=['updated_at', 'loaded_at'],
            numbers=['amount'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join country_names
        on typed.country_key = country_names.country_name
    left join countries
        on country_names.country_code = countries.country_code
    left join region_names
        on
            country_names.country_code = region_names.country_code
            and typed.region_key = region_names.region_name
    left join order_statuses
        on typed.status_key = order_statuses.source_status

),

-- An order that says nothing of its buyer is a record of its own; else all anonymous orders of a
-- shop would be one person. With a buyer, his orders are one record that carries many order ids.
tupled as (

    select
        *,
        case
            when coalesce(customer_id, user_id, loyalty_id, email, phone) is null then order_id
        end as anonymous_order_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('orders', 'source_order_id') }} as event_id,
        {{ tuple_key(
            'buyers',
            [
                'customer_id', 'user_id', 'loyalty_id', 'email', 'phone', 'device_id', 'cookie_id',
                'anonymous_order_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_order_id',
            version_times=['updated_at', 'loaded_at', 'ordered_at'],
        ) }} as row_status
    from tupled

)

select * from judged
