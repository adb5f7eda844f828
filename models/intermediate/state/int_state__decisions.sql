with

remembered as (

    {{ state_before('decisions') | indent(4) }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

compared as (

    select
        coalesce(decisions.decision_key, remembered.decision_key) as decision_key,
        coalesce(decisions.record_key_one, remembered.record_key_one) as record_key_one,
        coalesce(decisions.record_key_other, remembered.record_key_other) as record_key_other,
        coalesce(decisions.decision, remembered.decision) as decision,
        decisions.decision_key is null as is_removed,
        remembered.decision_key is null as is_new
    from decisions
    full outer join remembered
        on decisions.decision_key = remembered.decision_key

),

changed as (

    select
        decision_key,
        record_key_one,
        record_key_other,
        decision,
        is_removed
    from compared
    where is_new or is_removed

)

select * from changed
