with

judged as (

    select * from {{ ref('base_support__agents') }}

),

kept as (

    select
        -- keys
        agent_key,
        source_system,
        source_agent_id,

        -- identifiers
        agent_id,

        -- attributes
        agent_name,
        team,

        -- times
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
