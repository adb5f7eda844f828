with

judged as (

    select * from {{ ref('base_support__tickets') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_ticket_id,
        record_key,

        -- identifiers
        ticket_id,
        customer_id,
        user_id,
        email,
        phone,
        order_id,
        agent_id,
        anonymous_ticket_id,

        -- attributes
        issue_type,
        priority,
        ticket_status,
        is_escalated,
        contact_channel,

        -- measures
        satisfaction_score,

        -- times
        opened_at,
        resolved_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
