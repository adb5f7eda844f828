{{ config(materialized='table') }}

with

people as (

    select * from {{ raw('enrichment', 'people') }}

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
        people.*,
        {{ dialled_digits('people.phone') }} as dialled_phone,
        {{ clean_integer('people.birth_year') }} as birth_year_number,
        {{ lookup_text('people.country') }} as country_key,
        {{ lookup_text('people.region') }} as region_key,
        {{ clean_amount('people.monthly_income') }} as monthly_income_number,
        {{ clean_integer('people.credit_score') }} as credit_score_number,
        {{ utc_moment('people.updated_at') }} as updated_at_utc,
        {{ utc_moment('people.loaded_at') }} as loaded_at_utc
    from people

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.enrichment_id as source_enrichment_id,

        -- identifiers
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone', 'countries') }} as phone,

        -- attributes
        {{ clean_name('typed.first_name') }} as first_name,
        {{ clean_name('typed.last_name') }} as last_name,
        {{ clean_date('typed.date_of_birth') }} as date_of_birth,
        {{ clean_gender('typed.gender') }} as gender,
        country_names.country_code as country,
        region_names.region_code as region,
        {{ clean_name('typed.city') }} as city,
        upper({{ clean_text('typed.postal_code') }}) as postal_code,
        {{ clean_text('typed.address_line') }} as address_line,
        {{ clean_text('typed.interests') }} as interests,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,
        {{ clean_text('typed.income_bracket') }} as income_bracket,
        {{ lookup_code('typed.credit_tier') }} as credit_tier,

        -- measures
        case
            when typed.birth_year_number between 1900 and 2100 then typed.birth_year_number
        end as birth_year,
        typed.monthly_income_number as monthly_income,
        typed.credit_score_number as credit_score,

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
            keys=['enrichment_id'],
            times=['updated_at', 'loaded_at'],
            numbers=['birth_year', 'monthly_income', 'credit_score'],
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
        {{ record_key('people', 'source_enrichment_id') }} as record_key,
        {{ row_status(
            'source_system, source_enrichment_id',
            version_times=['updated_at', 'loaded_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
