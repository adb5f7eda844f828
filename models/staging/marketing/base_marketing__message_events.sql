{{ config(materialized='table') }}

with

message_events as (

    select * from {{ raw('marketing', 'message_events') }}

),

event_names as (

    select * from {{ ref('event_names') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        message_events.*,
        {{ lookup_code('message_events.event_name') }} as event_code,
        {{ lookup_code('message_events.channel') }} as channel_code,
        {{ dialled_digits('message_events.phone') }} as dialled_phone,
        {{ utc_moment('message_events.occurred_at') }} as occurred_at_utc,
        {{ utc_moment('message_events.loaded_at') }} as loaded_at_utc
    from message_events

),

-- A mailing tool writes "opened" where others write "email_opened": the channel says of what.
cleaned as (

    select
        -- keys
        typed.source_system,
        typed.message_event_id as source_message_event_id,

        -- identifiers
        {{ namespaced_id('typed', 'campaign_id') }} as campaign_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone') }} as phone,
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ namespaced_id('typed', 'device_id') }} as device_id,

        -- attributes
        typed.message_id,
        {{ clean_text('typed.event_name') }} as source_event_name,
        coalesce(of_channel.event_name, event_names.event_name, typed.event_code) as event_name,
        coalesce(of_channel.event_category, event_names.event_category, 'behaviour')
            as event_category,
        typed.channel_code as channel,
        {{ clean_text('typed.link_url') }} as link_url,

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
            keys=['message_event_id', 'event_name'],
            required_times=['occurred_at'],
            times=['loaded_at'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join event_names as of_channel
        on
            coalesce(typed.channel_code, 'email') || '_' || typed.event_code
            = of_channel.source_event_name
    left join event_names
        on typed.event_code = event_names.source_event_name

),

-- A row that carries no identifier belongs to its message, or to itself; else all people that
-- nobody knows anything of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(email, phone, customer_id, user_id, device_id) is null
                then coalesce(message_id, source_message_event_id)
        end as anonymous_message_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('message_events', 'source_message_event_id') }} as event_id,
        {{ tuple_key(
            'recipients',
            [
                'email', 'phone', 'customer_id', 'user_id', 'device_id', 'anonymous_message_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_message_event_id',
            version_times=['loaded_at', 'occurred_at'],
        ) }} as row_status
    from tupled

)

select * from judged
