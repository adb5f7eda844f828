with

stated as (

    select * from {{ ref('int_consent__stated') }}

),

-- For what is sent by e-mail: statements on marketing by e-mail, or by any channel.
by_email as (

    select
        customer360_id,
        statement_key,
        record_key,
        source_system,
        source_record_id,
        is_granted,
        stated_at,
        case when is_granted then 1 else 0 end as yes_count
    from stated
    where purpose = 'marketing' and coalesce(consent_channel, 'email') = 'email'

),

-- The latest statement wins; of two at one time the one that withdraws.
ranked as (

    select
        customer360_id,
        statement_key,
        record_key,
        source_system,
        source_record_id,
        is_granted,
        stated_at,
        row_number() over (
            partition by customer360_id
            order by {{ nulls_last('stated_at', 'desc') }}, yes_count, statement_key
        ) as recency,
        count(*) over (partition by customer360_id) as candidate_count,
        sum(yes_count) over (partition by customer360_id) as granted_count,
        count(*) over (partition by customer360_id, stated_at) as count_at_time,
        sum(yes_count) over (partition by customer360_id, stated_at) as granted_at_time
    from by_email

),

chosen as (

    select
        customer360_id,
        statement_key,
        record_key,
        source_system,
        source_record_id,
        case when is_granted then 'opted_in' else 'opted_out' end as opt_in_status,
        case
            when candidate_count = 1 then 'only_candidate'
            when count_at_time = 1 then 'time'
            when granted_at_time > 0 and granted_at_time < count_at_time then 'refusal'
            else 'record_key'
        end as decided_by,
        granted_count > 0 and granted_count < candidate_count as is_disputed,
        candidate_count,
        stated_at
    from ranked
    where recency = 1

)

select * from chosen
