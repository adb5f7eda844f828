with

flows as (

    select * from {{ ref('int_state__flows') }}

),

anchors as (

    select * from {{ ref('int_state__anchors') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

links as (

    select * from {{ ref('int_identity__links') }}

),

resolved as (

    select * from {{ ref('int_identity__resolved') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

generations as (

    select * from {{ ref('int_state__generations_known') }}

),

ledger_changes as (

    select * from {{ ref('int_state__ledger') }}

),

shown_before as (

    select distinct customer360_id_before as customer360_id
    from flows
    where customer360_id_before is not null

),

shown_now as (

    select distinct customer360_id_now as customer360_id
    from flows
    where customer360_id_now is not null

),

-- Where the anchor of an id is now.
resolved_ids as (

    select
        anchors.customer360_id,
        customers.customer360_id as current_customer360_id,
        customers.record_role as anchor_role
    from anchors
    left join customers
        on anchors.anchor_record_key = customers.record_key

),

ended as (

    select
        shown_before.customer360_id,
        case
            when resolved_ids.current_customer360_id is null then 'retired'
            when resolved_ids.anchor_role = 'attached' then 'attached'
            else 'merged'
        end as change,
        resolved_ids.current_customer360_id as other_customer360_id
    from shown_before
    left join shown_now
        on shown_before.customer360_id = shown_now.customer360_id
    inner join resolved_ids
        on shown_before.customer360_id = resolved_ids.customer360_id
    where shown_now.customer360_id is null

),

begun as (

    select
        shown_now.customer360_id,
        anchors.customer360_id is not null as is_known_id
    from shown_now
    left join shown_before
        on shown_now.customer360_id = shown_before.customer360_id
    left join anchors
        on shown_now.customer360_id = anchors.customer360_id
    where shown_before.customer360_id is null

),

-- An id that appears with records of another one was parted from it, unless that one ended in it;
-- one that appears alone has come back with its record, or is new, which is no change of anything.
parted as (

    select
        begun.customer360_id,
        case when begun.is_known_id then 'restored' else 'split' end as change,
        flows.customer360_id_before as other_customer360_id,
        flows.record_count
    from begun
    inner join flows
        on begun.customer360_id = flows.customer360_id_now
    left join ended
        on
            flows.customer360_id_before = ended.customer360_id
            and begun.customer360_id = ended.other_customer360_id
    where
        ended.customer360_id is null
        and (flows.customer360_id_before is not null or begun.is_known_id)

),

-- Between two ids that both stay, records can change sides.
moved as (

    select
        flows.customer360_id_before as customer360_id,
        'moved' as change,
        flows.customer360_id_now as other_customer360_id,
        flows.record_count
    from flows
    inner join shown_now as staying
        on flows.customer360_id_before = staying.customer360_id
    inner join shown_before as receiving
        on flows.customer360_id_now = receiving.customer360_id
    where flows.customer360_id_before <> flows.customer360_id_now

),

changes as (

    select
        ended.customer360_id,
        ended.change,
        ended.other_customer360_id,
        coalesce(flows.record_count, 0) as record_count
    from ended
    left join flows
        on
            ended.customer360_id = flows.customer360_id_before
            and ended.other_customer360_id = flows.customer360_id_now
    union all
    select
        customer360_id,
        change,
        other_customer360_id,
        record_count
    from parted
    where other_customer360_id is null or customer360_id <> other_customer360_id
    union all
    select
        customer360_id,
        change,
        other_customer360_id,
        record_count
    from moved

),

-- What can have made it, by customer: of those before for what parts, of those now for what joins.
new_records as (

    select
        customer360_id,
        min(record_key) as record_key
    from ledger_changes
    where customer360_id_before is null
    group by customer360_id

),

gone_records as (

    select
        customer360_id_before as customer360_id,
        min(record_key) as record_key
    from ledger_changes
    where is_removed
    group by customer360_id_before

),

dropped_links as (

    select
        record_no,
        identifier_type
    from links
    where dropped_reason is not null
    union all
    select
        record_no,
        identifier_type
    from resolved
    where reason = 'value_over_customers'

),

dropped_values as (

    select
        ledger_changes.customer360_id_before as customer360_id,
        min(dropped_links.identifier_type) as identifier_type
    from dropped_links
    inner join customers
        on dropped_links.record_no = customers.record_no
    inner join ledger_changes
        on customers.record_key = ledger_changes.record_key
    where ledger_changes.customer360_id_before is not null
    group by ledger_changes.customer360_id_before

),

decided as (

    select customers.customer360_id
    from customers
    inner join decisions
        on customers.record_no = decisions.record_no_one
    union distinct
    select customers.customer360_id
    from customers
    inner join decisions
        on customers.record_no = decisions.record_no_other

),

settings as (

    select
        this_generation.policy_hash <> last_generation.policy_hash as is_new_policy,
        this_generation.decisions_hash <> last_generation.decisions_hash as is_new_decision
    from this_generation
    left join generations as last_generation
        on this_generation.generation_no = last_generation.generation_no + 1

),

-- Whose records parted, and whose came together.
sided as (

    select
        customer360_id,
        change,
        other_customer360_id,
        record_count,
        change in ('merged', 'attached') as is_joining,
        case when change in ('split', 'restored') then other_customer360_id else customer360_id end
            as losing_customer360_id,
        case when change in ('merged', 'attached') then other_customer360_id else customer360_id end
            as gaining_customer360_id
    from changes

),

evidence as (

    select
        sided.customer360_id,
        sided.change,
        sided.other_customer360_id,
        sided.record_count,
        sided.is_joining,
        settings.is_new_policy,
        settings.is_new_decision
        and (decided.customer360_id is not null or others_decided.customer360_id is not null)
            as is_decided,
        new_records.record_key as new_record_key,
        gone_records.record_key as gone_record_key,
        dropped_values.identifier_type as dropped_type
    from sided
    cross join settings
    left join decided
        on sided.customer360_id = decided.customer360_id
    left join decided as others_decided
        on sided.other_customer360_id = others_decided.customer360_id
    left join new_records
        on sided.gaining_customer360_id = new_records.customer360_id
    left join gone_records
        on sided.losing_customer360_id = gone_records.customer360_id
    left join dropped_values
        on sided.losing_customer360_id = dropped_values.customer360_id

),

caused as (

    select
        customer360_id,
        change,
        other_customer360_id,
        record_count,
        new_record_key,
        gone_record_key,
        dropped_type,
        case
            when is_new_policy then 'policy_changed'
            when is_decided then 'decision'
            when is_joining and new_record_key is not null then 'record_added'
            when is_joining then 'identifier_changed'
            when gone_record_key is not null then 'record_removed'
            when change = 'restored' and other_customer360_id is null then 'record_returned'
            when dropped_type is not null then 'value_dropped'
            when new_record_key is not null then 'record_added'
            else 'identifier_changed'
        end as cause
    from evidence

),

final as (

    select
        customer360_id,
        change,
        other_customer360_id,
        record_count,
        cause,
        case cause
            when 'record_added' then new_record_key
            when 'record_removed' then gone_record_key
            when 'value_dropped' then dropped_type
        end as cause_detail
    from caused

)

select * from final
