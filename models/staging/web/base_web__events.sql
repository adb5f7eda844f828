{{ config(materialized='table') }}

with

events as (

    select * from {{ raw('web', 'events') }}

),

event_names as (

    select * from {{ ref('event_names') }}

),

cleaned as (

    select
        -- keys
        events.source_system,
        {{ clean_id('events.event_id') }} as source_event_id,

        -- identifiers
        {{ namespaced_id('events', 'user_id') }} as user_id,
        {{ namespaced_id('events', 'order_id') }} as order_id,
        {{ namespaced_id('events', 'device_id') }} as device_id,
        {{ namespaced_id('events', 'cookie_id') }} as cookie_id,
        {{ clean_email('events.email') }} as email,
        -- Nobody says which country a visitor dials from: only numbers that name it are read.
        {{ clean_phone('events.phone') }} as phone,

        -- attributes
        {{ clean_text('events.event_name') }} as source_event_name,
        coalesce(event_names.event_name, {{ lookup_code('events.event_name') }}) as event_name,
        coalesce(event_names.event_category, 'behaviour') as event_category,
        {{ clean_id('events.session_id') }} as session_id,
        {{ clean_text('events.page_url') }} as page_url,
        {{ clean_text('events.referrer') }} as referrer,
        lower({{ clean_text('events.utm_source') }}) as utm_source,
        lower({{ clean_text('events.utm_medium') }}) as utm_medium,
        {{ clean_text('events.utm_campaign') }} as utm_campaign,
        {{ clean_id('events.product_id') }} as product_id,
        {{ clean_amount('events.amount') }} as amount,
        upper({{ clean_text('events.currency') }}) as currency,
        {{ clean_integer('events.quantity') }} as quantity,
        {{ clean_text('events.properties') }} as properties,

        -- times
        {{ clean_timestamp('events.occurred_at') }} as occurred_at,
        {{ clean_timestamp('events.loaded_at') }} as loaded_at,

        -- judgement
        {{ quarantine_reason(
            'events',
            key='event_id',
            required_keys=['event_name'],
            required_times=['occurred_at'],
            times=['loaded_at'],
            numbers=['amount'],
            integers=['quantity'],
        ) }} as quarantine_reason,
        events.raw_row
    from events
    left join event_names
        on {{ lookup_code('events.event_name') }} = event_names.source_event_name

),

-- An event that carries no identifier belongs to its session, or to itself; else all visitors that
-- nobody knows anything of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(user_id, order_id, email, phone, device_id, cookie_id) is null
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
                'user_id', 'order_id', 'email', 'phone', 'device_id', 'cookie_id',
                'anonymous_visit_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_event_id',
            version_times=['loaded_at', 'occurred_at'],
        ) }} as row_status
    from tupled

)

select * from judged
