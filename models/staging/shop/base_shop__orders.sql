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

cleaned as (

    select
        -- keys
        orders.source_system,
        {{ clean_id('orders.order_id') }} as source_order_id,

        -- identifiers
        {{ namespaced_id('orders', 'order_id') }} as order_id,
        {{ namespaced_id('orders', 'customer_id') }} as customer_id,
        {{ namespaced_id('orders', 'user_id') }} as user_id,
        {{ namespaced_id('orders', 'loyalty_id') }} as loyalty_id,
        {{ namespaced_id('orders', 'device_id') }} as device_id,
        {{ namespaced_id('orders', 'cookie_id') }} as cookie_id,
        {{ clean_email('orders.email') }} as email,
        {{ clean_phone('orders.phone', 'countries') }} as phone,

        -- attributes
        {{ clean_name('orders.first_name') }} as first_name,
        {{ clean_name('orders.last_name') }} as last_name,
        country_names.country_code as country,
        region_names.region_code as region,
        {{ clean_name('orders.city') }} as city,
        upper({{ clean_text('orders.postal_code') }}) as postal_code,
        {{ clean_text('orders.address_line') }} as address_line,
        {{ clean_text('orders.order_status') }} as source_order_status,
        case
            when {{ clean_text('orders.order_status') }} is null then 'completed'
            else coalesce(order_statuses.order_status, 'pending')
        end as order_status,
        {{ clean_amount('orders.amount') }} as amount,
        coalesce(
            upper({{ clean_text('orders.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,

        -- times
        {{ clean_timestamp('orders.ordered_at') }} as ordered_at,
        {{ clean_timestamp('orders.updated_at') }} as updated_at,
        {{ clean_timestamp('orders.loaded_at') }} as loaded_at,

        -- judgement
        {{ quarantine_reason(
            'orders',
            key='order_id',
            required_times=['ordered_at'],
            times=['updated_at', 'loaded_at'],
            numbers=['amount'],
        ) }} as quarantine_reason,
        orders.raw_row
    from orders
    left join country_names
        on {{ lookup_text('orders.country') }} = country_names.country_name
    left join countries
        on country_names.country_code = countries.country_code
    left join region_names
        on
            country_names.country_code = region_names.country_code
            and {{ lookup_text('orders.region') }} = region_names.region_name
    left join order_statuses
        on {{ lookup_code('orders.order_status') }} = order_statuses.source_status

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
