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

cleaned as (

    select
        -- keys
        contacts.source_system,
        {{ clean_id('contacts.contact_id') }} as crm_contact_id,

        -- identifiers
        {{ namespaced_id('contacts', 'customer_id') }} as customer_id,
        {{ namespaced_id('contacts', 'user_id') }} as user_id,
        {{ namespaced_id('contacts', 'loyalty_id') }} as loyalty_id,
        {{ clean_email('contacts.email') }} as email,
        {{ clean_phone('contacts.phone', 'countries') }} as phone,

        -- attributes
        {{ clean_name('contacts.first_name') }} as first_name,
        {{ clean_name('contacts.last_name') }} as last_name,
        {{ clean_name('contacts.full_name') }} as full_name,
        {{ clean_text('contacts.company') }} as company,
        {{ clean_date('contacts.date_of_birth') }} as date_of_birth,
        {{ clean_gender('contacts.gender') }} as gender,
        lower({{ clean_text('contacts.language') }}) as language,
        country_names.country_code as country,
        region_names.region_code as region,
        {{ clean_name('contacts.city') }} as city,
        upper({{ clean_text('contacts.postal_code') }}) as postal_code,
        {{ clean_text('contacts.address_line') }} as address_line,
        {{ lookup_code('contacts.lifecycle_status') }} as lifecycle_status,
        case {{ clean_boolean('contacts.email_opt_in') }}
            when true then 'opted_in'
            when false then 'opted_out'
        end as opt_in_status,

        -- times
        {{ clean_timestamp('contacts.created_at') }} as created_at,
        {{ clean_timestamp('contacts.updated_at') }} as updated_at,
        {{ clean_timestamp('contacts.loaded_at') }} as loaded_at,

        -- judgement
        {{ quarantine_reason(
            'contacts',
            key='contact_id',
            times=['created_at', 'updated_at', 'loaded_at'],
        ) }} as quarantine_reason,
        contacts.raw_row
    from contacts
    left join country_names
        on {{ lookup_text('contacts.country') }} = country_names.country_name
    left join countries
        on country_names.country_code = countries.country_code
    left join region_names
        on
            country_names.country_code = region_names.country_code
            and {{ lookup_text('contacts.region') }} = region_names.region_name

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
