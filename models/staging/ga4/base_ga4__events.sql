{{ config(materialized='table') }}

with

events as (

    select * from {{ raw('ga4', 'events') }}

),

country_names as (

    select * from {{ ref('country_names') }}

),

event_names as (

    select * from {{ ref('event_names') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        events.*,
        {{ lookup_code('events.event_name') }} as event_code,
        {{ lookup_text('events.country') }} as country_key,
        {{ clean_amount('events.value') }} as value_number,
        {{ utc_moment('events.event_timestamp') }} as event_timestamp_utc,
        {{ utc_moment('events.loaded_at') }} as loaded_at_utc,
        {{ dbt.hash(joined_text([
            'events.user_pseudo_id', 'events.event_timestamp',
            'events.event_name', 'events.event_bundle_sequence_id',
        ], '|')) }} as event_key
    from events

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.event_key as source_event_key,

        -- identifiers
        {{ namespaced_id('typed', 'user_pseudo_id') }} as cookie_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ namespaced_id('typed', 'transaction_id') }} as order_id,

        -- attributes
        {{ clean_text('typed.event_name') }} as source_event_name,
        coalesce(event_names.event_name, typed.event_code) as event_name,
        coalesce(event_names.event_category, 'behaviour') as event_category,
        typed.ga_session_id,
        typed.event_bundle_sequence_id,
        {{ clean_text('typed.page_location') }} as page_url,
        {{ clean_text('typed.page_referrer') }} as referrer,
        lower({{ clean_text('typed.source') }}) as utm_source,
        lower({{ clean_text('typed.medium') }}) as utm_medium,
        {{ clean_text('typed.campaign') }} as utm_campaign,
        lower({{ clean_text('typed.platform') }}) as platform,
        lower({{ clean_text('typed.device_category') }}) as device_category,
        country_names.country_code as country,
        lower({{ clean_text('typed.language') }}) as language,
        typed.item_id as product_id,
        upper({{ clean_text('typed.currency') }}) as currency,
        {{ clean_text('typed.event_params') }} as properties,

        -- measures
        typed.value_number as amount,

        -- times
        typed.event_timestamp_utc as occurred_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['event_name'],
            required_times=['event_timestamp'],
            times=['loaded_at'],
            numbers=['value'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join country_names
        on typed.country_key = country_names.country_name
    left join event_names
        on typed.event_code = event_names.source_event_name

),

-- A row that carries no identifier belongs to its session, or to itself; else all people that
-- nobody knows anything of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(cookie_id, user_id, order_id) is null
                then coalesce(ga_session_id, source_event_key)
        end as anonymous_visit_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('events', 'source_event_key') }} as event_id,
        {{ tuple_key(
            'visitors',
            [
                'cookie_id', 'user_id', 'order_id', 'anonymous_visit_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_event_key',
            version_times=['loaded_at', 'occurred_at'],
        ) }} as row_status
    from tupled

)

select * from judged
