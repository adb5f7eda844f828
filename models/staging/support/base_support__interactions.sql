{{ config(materialized='table') }}

with

interactions as (

    select * from {{ raw('support', 'interactions') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        interactions.*,
        {{ clean_integer('interactions.duration_seconds') }} as duration_seconds_number,
        {{ utc_moment('interactions.occurred_at') }} as occurred_at_utc,
        {{ utc_moment('interactions.loaded_at') }} as loaded_at_utc
    from interactions

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.interaction_id as source_interaction_id,

        -- identifiers
        {{ namespaced_id('typed', 'ticket_id') }} as ticket_id,
        {{ namespaced_id('typed', 'agent_id') }} as agent_id,

        -- attributes
        {{ lookup_code('typed.channel') }} as contact_channel,
        {{ lookup_code('typed.direction') }} as direction,

        -- measures
        typed.duration_seconds_number as duration_seconds,

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
            keys=['interaction_id', 'ticket_id'],
            required_times=['occurred_at'],
            times=['loaded_at'],
            numbers=['duration_seconds'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

judged as (

    select
        *,
        {{ record_key('interactions', 'source_interaction_id') }} as event_id,
        {{ row_status(
            'source_system, source_interaction_id',
            version_times=['loaded_at', 'occurred_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
