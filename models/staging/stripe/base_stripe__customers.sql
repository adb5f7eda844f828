{{ config(materialized='table') }}

with

customers as (

    select * from {{ raw('stripe', 'customers') }}

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

-- What is used more than once below is worked out once here.
typed as (

    select
        customers.*,
        {{ dialled_digits('customers.phone') }} as dialled_phone,
        {{ lookup_text('customers.country') }} as country_key,
        {{ lookup_text('customers.region') }} as region_key,
        {{ utc_moment('customers.created_at') }} as created_at_utc,
        {{ utc_moment('customers.updated_at') }} as updated_at_utc,
        {{ utc_moment('customers.loaded_at') }} as loaded_at_utc
    from customers

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.stripe_customer_id as source_stripe_customer_id,

        -- identifiers
        {{ namespaced_id('typed', 'stripe_customer_id') }} as stripe_customer_id,
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone', 'countries') }} as phone,

        -- attributes
        {{ clean_name('typed.full_name') }} as full_name,
        country_names.country_code as country,
        region_names.region_code as region,
        {{ clean_name('typed.city') }} as city,
        upper({{ clean_text('typed.postal_code') }}) as postal_code,
        {{ clean_text('typed.address_line') }} as address_line,
        upper({{ clean_text('typed.currency') }}) as currency,
        {{ clean_boolean('typed.is_delinquent') }} as is_delinquent,

        -- times
        typed.created_at_utc as created_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['stripe_customer_id'],
            times=['created_at', 'updated_at', 'loaded_at'],
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

),

judged as (

    select
        *,
        {{ record_key('customers', 'source_stripe_customer_id') }} as record_key,
        {{ row_status(
            'source_system, source_stripe_customer_id',
            version_times=['updated_at', 'loaded_at', 'created_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
