with

links as (

    select * from {{ ref('int_identity__links') }}

),

accepted as (

    select * from {{ ref('int_identity__links_accepted') }}
    where identifier_role <> 'decision'

),

resolved as (

    select * from {{ ref('int_identity__resolved') }}
    where reason is not null

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

rejected as (

    select
        links.record_no,
        links.identifier_type,
        links.identifier_value,
        links.role as identifier_role,
        coalesce(links.dropped_reason, resolved.reason) as reason,
        resolved.reason is not null as is_refused
    from links
    left join accepted
        on
            links.record_no = accepted.record_no
            and links.identifier_type = accepted.identifier_type
            and links.identifier_value = accepted.identifier_value
    left join resolved
        on
            links.record_no = resolved.record_no
            and links.identifier_type = resolved.identifier_type
            and links.identifier_value = resolved.identifier_value
    where
        coalesce(links.dropped_reason, resolved.reason) is not null
        and accepted.record_no is null

),

-- The customers that hold the value, by the keys of their records, which no other run numbers anew.
-- Two will do: one of them is another.
holders as (

    select
        identifier_type,
        identifier_value,
        customer360_id,
        row_number() over (
            partition by identifier_type, identifier_value order by min(record_key)
        ) as holder_rank
    from accepted
    group by identifier_type, identifier_value, customer360_id

),

refused_links as (

    select
        customers.record_key,
        customers.customer360_id,
        rejected.identifier_type,
        rejected.identifier_value,
        rejected.identifier_role,
        rejected.reason,
        {{ rejection_rule(
            'rejected.reason', 'rejected.identifier_type', 'rejected.identifier_value'
        ) }} as policy_rule,
        cast(null as {{ dbt.type_string() }}) as other_record_key,
        {{ first_value_by('holders.customer360_id', 'holders.holder_rank') }}
            as other_customer360_id
    from rejected
    inner join customers
        on rejected.record_no = customers.record_no
    left join holders
        on
            rejected.identifier_type = holders.identifier_type
            and rejected.identifier_value = holders.identifier_value
            and rejected.is_refused
            and holders.holder_rank <= 2
            and customers.customer360_id <> holders.customer360_id
    group by
        customers.record_key,
        customers.customer360_id,
        rejected.identifier_type,
        rejected.identifier_value,
        rejected.identifier_role,
        rejected.reason

),

-- Decisions that join nobody: those that forbid, contradict others, wait for a record, or mean
-- nothing.
judged_decisions as (

    select
        decisions.decision_key,
        decisions.record_key_one,
        decisions.record_key_other,
        coalesce(
            decisions.asleep_reason,
            resolved.reason,
            case when not decisions.is_same then 'never_decided' end
        ) as reason,
        {{ decision_text('decisions') }} as policy_rule
    from decisions
    left join resolved
        on
            decisions.decision_key = resolved.identifier_value
            and resolved.identifier_type = 'decision'

),

decision_sides as (

    select
        decision_key,
        record_key_one as record_key,
        record_key_other as other_record_key,
        reason,
        policy_rule
    from judged_decisions
    where reason is not null
    union all
    select
        decision_key,
        record_key_other as record_key,
        record_key_one as other_record_key,
        reason,
        policy_rule
    from judged_decisions
    where reason is not null and record_key_one <> record_key_other

),

refused_decisions as (

    select
        decision_sides.record_key,
        customers.customer360_id,
        'decision' as identifier_type,
        decision_sides.decision_key as identifier_value,
        'decision' as identifier_role,
        decision_sides.reason,
        decision_sides.policy_rule,
        decision_sides.other_record_key,
        other_customers.customer360_id as other_customer360_id
    from decision_sides
    left join customers
        on decision_sides.record_key = customers.record_key
    left join customers as other_customers
        on decision_sides.other_record_key = other_customers.record_key

),

final as (

    select
        record_key,
        customer360_id,
        identifier_type,
        identifier_value,
        identifier_role,
        reason,
        policy_rule,
        other_record_key,
        other_customer360_id
    from refused_links
    union all
    select
        record_key,
        customer360_id,
        identifier_type,
        identifier_value,
        identifier_role,
        reason,
        policy_rule,
        other_record_key,
        other_customer360_id
    from refused_decisions

)

select * from final
