with

judged as (

    select * from {{ ref('base_support__interactions') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_interaction_id,

        -- identifiers
        ticket_id,
        agent_id,

        -- attributes
        contact_channel,
        direction,

        -- measures
        duration_seconds,

        -- times
        occurred_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
