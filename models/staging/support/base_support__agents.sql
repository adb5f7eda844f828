{{ config(materialized='table') }}

with

agents as (

    select * from {{ raw('support', 'agents') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        agents.*,
        {{ utc_moment('agents.updated_at') }} as updated_at_utc,
        {{ utc_moment('agents.loaded_at') }} as loaded_at_utc
    from agents

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.agent_id as source_agent_id,

        -- identifiers
        {{ namespaced_id('typed', 'agent_id') }} as agent_id,

        -- attributes
        {{ clean_name('typed.agent_name') }} as agent_name,
        {{ clean_text('typed.team') }} as team,

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
            keys=['agent_id'],
            times=['updated_at', 'loaded_at'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

judged as (

    select
        *,
        {{ record_key('agents', 'source_agent_id') }} as agent_key,
        {{ row_status(
            'source_system, source_agent_id',
            version_times=['updated_at', 'loaded_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
