with

decisions as (

    select * from {{ ref('identity_decisions') }}

),

records as (

    select * from {{ ref('int_identity__records') }}

),

-- A key that is missing meets no record.
written as (

    select
        coalesce(record_key_one, '') as one_key,
        coalesce(record_key_other, '') as other_key,
        coalesce(lower(trim(decision)), '') as decision,
        decided_by,
        decided_at,
        reason
    from decisions

),

-- Which of the two is named first does not matter, and saying a thing twice adds nothing.
ordered as (

    select
        case when one_key < other_key then one_key else other_key end as record_key_one,
        case when one_key < other_key then other_key else one_key end as record_key_other,
        decision,
        min(decided_by) as decided_by,
        min(decided_at) as decided_at,
        min(reason) as reason
    from written
    group by 1, 2, 3

),

judged as (

    select
        {{ dbt.hash("record_key_one || '|' || record_key_other || '|' || decision") }}
            as decision_key,
        record_key_one,
        record_key_other,
        decision,
        case decision
            when 'same' then true
            when 'never' then false
        end as is_same,
        case
            when decision not in ('same', 'never') then 'unknown_decision'
            when record_key_one = record_key_other then 'one_record'
        end as fault,
        decided_by,
        decided_at,
        reason
    from ordered

),

found as (

    select
        judged.decision_key,
        judged.record_key_one,
        judged.record_key_other,
        judged.decision,
        judged.is_same,
        case
            when judged.fault is not null then judged.fault
            when first_records.record_no is null or second_records.record_no is null
                then 'record_absent'
        end as asleep_reason,
        judged.decided_by,
        judged.decided_at,
        judged.reason,
        first_records.record_no as record_no_one,
        second_records.record_no as record_no_other
    from judged
    left join records as first_records
        on judged.record_key_one = first_records.record_key and judged.fault is null
    left join records as second_records
        on judged.record_key_other = second_records.record_key and judged.fault is null

)

select * from found
