with

stated as (

    select * from {{ ref('int_consent__stated') }}

),

email_chosen as (

    select * from {{ ref('int_consent__email_chosen') }}

),

-- The latest statement wins; of two at one time the one that withdraws.
by_purpose as (

    select
        customer360_id,
        purpose,
        is_granted,
        row_number() over (
            partition by customer360_id, purpose
            order by
                {{ nulls_last('stated_at', 'desc') }},
                case when is_granted then 1 else 0 end,
                statement_key
        ) as recency
    from stated

),

scopes as (

    select
        customer360_id,
        {{ list_agg('case when is_granted then purpose end', 'purpose') }} as consent_scopes
    from by_purpose
    where recency = 1
    group by customer360_id

),

totals as (

    select
        scopes.customer360_id,
        scopes.consent_scopes,
        coalesce(email_chosen.opt_in_status, 'unknown') as opt_in_status
    from scopes
    left join email_chosen
        on scopes.customer360_id = email_chosen.customer360_id

)

select * from totals
