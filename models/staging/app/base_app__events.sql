{{ config(materialized='table') }}

with

events as (

    select * from {{ raw('app', 'events') }}

),

event_names as (

    select * from {{ ref('event_names') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        events.*,
        {{ lookup_code('events.event_name') }} as event_code,
        {{ dialled_digits('events.phone') }} as dialled_phone,
        {{ clean_amount('events.amount') }} as amount_number,
        {{ clean_integer('events.quantity') }} as quantity_number,
        {{ utc_moment('events.occurred_at') }} as occurred_at_utc,
        {{ utc_moment('events.loaded_at') }} as loaded_at_utc
    from events

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.event_id as source_event_id,

        -- identifiers
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone') }} as phone,
        {{ namespaced_id('typed', 'device_id') }} as device_id,
        {{ namespaced_id('typed', 'order_id') }} as order_id,

        -- attributes
        {{ clean_text('typed.event_name') }} as source_event_name,
        coalesce(event_names.event_name, typed.event_code) as event_name,
        coalesce(event_names.event_category, 'behaviour') as event_category,
        typed.session_id,
        {{ clean_text('typed.screen_name') }} as screen_name,
        {{ clean_text('typed.app_version') }} as app_version,
        lower({{ clean_text('typed.platform') }}) as platform,
        lower({{ clean_text('typed.utm_source') }}) as utm_source,
        lower({{ clean_text('typed.utm_medium') }}) as utm_medium,
        {{ clean_text('typed.utm_campaign') }} as utm_campaign,
        typed.product_id,
        upper({{ clean_text('typed.currency') }}) as currency,
        {{ clean_text('typed.properties') }} as properties,

        -- measures
        typed.amount_number as amount,
        typed.quantity_number as quantity,

        -- times
        typed.occurred_at_utc as occurred_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['event_id', 'event_name'],
            required_times=['occurred_at'],
            times=['loaded_at'],
            numbers=['amount', 'quantity'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join event_names
        on typed.event_code = event_names.source_event_name

),

-- A row that carries no identifier belongs to its session, or to itself; else all people that
-- nobody knows anything of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(user_id, email, phone, device_id, order_id) is null
                then coalesce(session_id, source_event_id)
        end as anonymous_visit_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('events', 'source_event_id') }} as event_id,
        {{ tuple_key(
            'visitors',
            [
                'user_id', 'email', 'phone', 'device_id', 'order_id', 'anonymous_visit_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_event_id',
            version_times=['loaded_at', 'occurred_at'],
        ) }} as row_status
    from tupled

)

select * from judged
