{{ config(materialized='table') }}

with

stores as (

    select * from {{ raw('pos', 'stores') }}

),

country_names as (

    select * from {{ ref('country_names') }}

),

region_names as (

    select * from {{ ref('region_names') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        stores.*,
        {{ lookup_text('stores.country') }} as country_key,
        {{ lookup_text('stores.region') }} as region_key,
        {{ utc_moment('stores.opened_at') }} as opened_at_utc,
        {{ utc_moment('stores.updated_at') }} as updated_at_utc,
        {{ utc_moment('stores.loaded_at') }} as loaded_at_utc
    from stores

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.store_id as source_store_id,

        -- identifiers
        {{ namespaced_id('typed', 'store_id') }} as store_id,

        -- attributes
        {{ clean_text('typed.store_name') }} as store_name,
        country_names.country_code as country,
        region_names.region_code as region,
        {{ clean_name('typed.city') }} as city,
        upper({{ clean_text('typed.postal_code') }}) as postal_code,

        -- times
        typed.opened_at_utc as opened_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['store_id'],
            times=['opened_at', 'updated_at', 'loaded_at'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join country_names
        on typed.country_key = country_names.country_name
    left join region_names
        on
            country_names.country_code = region_names.country_code
            and typed.region_key = region_names.region_name

),

judged as (

    select
        *,
        {{ record_key('stores', 'source_store_id') }} as store_key,
        {{ row_status(
            'source_system, source_store_id',
            version_times=['updated_at', 'loaded_at', 'opened_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
