{{ config(materialized='table') }}

with

tickets as (

    select * from {{ raw('support', 'tickets') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        tickets.*,
        {{ dialled_digits('tickets.phone') }} as dialled_phone,
        {{ clean_integer('tickets.satisfaction_score') }} as satisfaction_score_number,
        {{ utc_moment('tickets.opened_at') }} as opened_at_utc,
        {{ utc_moment('tickets.resolved_at') }} as resolved_at_utc,
        {{ utc_moment('tickets.updated_at') }} as updated_at_utc,
        {{ utc_moment('tickets.loaded_at') }} as loaded_at_utc
    from tickets

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.ticket_id as source_ticket_id,

        -- identifiers
        {{ namespaced_id('typed', 'ticket_id') }} as ticket_id,
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone') }} as phone,
        {{ namespaced_id('typed', 'order_id') }} as order_id,
        {{ namespaced_id('typed', 'agent_id') }} as agent_id,

        -- attributes
        {{ lookup_code('typed.issue_type') }} as issue_type,
        {{ lookup_code('typed.priority') }} as priority,
        {{ lookup_code('typed.ticket_status') }} as ticket_status,
        {{ clean_boolean('typed.is_escalated') }} as is_escalated,
        {{ lookup_code('typed.channel') }} as contact_channel,

        -- measures
        typed.satisfaction_score_number as satisfaction_score,

        -- times
        typed.opened_at_utc as opened_at,
        typed.resolved_at_utc as resolved_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['ticket_id'],
            required_times=['opened_at'],
            times=['resolved_at', 'updated_at', 'loaded_at'],
            numbers=['satisfaction_score'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

-- A row that carries no identifier belongs to itself; else all people that nobody knows anything
-- of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(customer_id, user_id, email, phone) is null
                then source_ticket_id
        end as anonymous_ticket_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('tickets', 'source_ticket_id') }} as event_id,
        {{ tuple_key(
            'requesters',
            [
                'customer_id', 'user_id', 'email', 'phone', 'anonymous_ticket_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_ticket_id',
            version_times=['updated_at', 'loaded_at', 'opened_at', 'resolved_at'],
        ) }} as row_status
    from tupled

)

select * from judged
