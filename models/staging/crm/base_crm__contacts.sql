{{ config(materialized='table') }}

with

contacts as (

    select * from {{ raw('crm', 'contacts') }}

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
        contacts.*,
        {{ dialled_digits('contacts.phone') }} as dialled_phone,
        {{ lookup_text('contacts.country') }} as country_key,
        {{ lookup_text('contacts.region') }} as region_key,
        {{ utc_timestamp('contacts.created_at') }} as created_at_utc,
        {{ utc_timestamp('contacts.updated_at') }} as updated_at_utc,
        {{ utc_timestamp('contacts.loaded_at') }} as loaded_at_utc
    from contacts

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.contact_id as crm_contact_id,

        -- identifiers
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ namespaced_id('typed', 'loyalty_id') }} as loyalty_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone', 'countries') }} as phone,

        -- attributes
        {{ clean_name('typed.first_name') }} as first_name,
        {{ clean_name('typed.last_name') }} as last_name,
        {{ clean_name('typed.full_name') }} as full_name,
        {{ clean_text('typed.company') }} as company,
        {{ clean_date('typed.date_of_birth') }} as date_of_birth,
        {{ clean_gender('typed.gender') }} as gender,
        lower({{ clean_text('typed.language') }}) as language,
        country_names.country_code as country,
        region_names.region_code as region,
        {{ clean_name('typed.city') }} as city,
        upper({{ clean_text('typed.postal_code') }}) as postal_code,
        {{ clean_text('typed.address_line') }} as address_line,
        {{ lookup_code('typed.lifecycle_status') }} as lifecycle_status,
        case {{ clean_boolean('typed.email_opt_in') }}
            when true then 'opted_in'
            when false then 'opted_out'
        end as opt_in_status,

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
            keys=['contact_id'],
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
        {{ record_key('contacts', 'crm_contact_id') }} as record_key,
        {{ row_status(
            'source_system, crm_contact_id',
            version_times=['updated_at', 'loaded_at', 'created_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
