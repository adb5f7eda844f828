with

changes as (

    select * from {{ ref('int_state__id_changes_found') }}

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

    select * from {{ ref('int_state__decisions') }}

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

decided as (

    select customers.customer360_id
    from customers
    inner join decisions
        on customers.record_key = decisions.record_key_one
    union distinct
    select customers.customer360_id
    from customers
    inner join decisions
        on customers.record_key = decisions.record_key_other

),

settings as (

    select this_generation.policy_hash <> last_generation.policy_hash as is_new_policy
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

-- A value can have parted a customer if it joins nobody and its carriers ended up apart.
dropped_links as (

    select
        record_no,
        identifier_type,
        identifier_value
    from links
    where dropped_reason is not null
    union all
    select
        record_no,
        identifier_type,
        identifier_value
    from resolved
    where reason = 'value_over_customers'

),

parted_customers as (

    select distinct losing_customer360_id as customer360_id
    from sided
    where not is_joining

),

parted_carriers as (

    select
        parted_customers.customer360_id as losing_customer360_id,
        customers.customer360_id as gaining_customer360_id,
        dropped_links.identifier_type,
        dropped_links.identifier_value
    from ledger_changes
    inner join parted_customers
        on ledger_changes.customer360_id_before = parted_customers.customer360_id
    inner join customers
        on ledger_changes.record_key = customers.record_key
    inner join dropped_links
        on customers.record_no = dropped_links.record_no
    union all
    select
        parted_customers.customer360_id as losing_customer360_id,
        customers.customer360_id as gaining_customer360_id,
        dropped_links.identifier_type,
        dropped_links.identifier_value
    from customers
    inner join parted_customers
        on customers.customer360_id = parted_customers.customer360_id
    inner join dropped_links
        on customers.record_no = dropped_links.record_no
    left join ledger_changes
        on customers.record_key = ledger_changes.record_key
    where ledger_changes.record_key is null

),

parting_values as (

    select
        losing_customer360_id,
        identifier_type,
        identifier_value
    from parted_carriers
    group by
        losing_customer360_id,
        identifier_type,
        identifier_value
    having min(gaining_customer360_id) <> max(gaining_customer360_id)

),

dropped_values as (

    select
        parted_carriers.losing_customer360_id,
        parted_carriers.gaining_customer360_id,
        min(parted_carriers.identifier_type) as identifier_type
    from parted_carriers
    inner join parting_values
        on
            parted_carriers.losing_customer360_id = parting_values.losing_customer360_id
            and parted_carriers.identifier_type = parting_values.identifier_type
            and parted_carriers.identifier_value = parting_values.identifier_value
    group by
        parted_carriers.losing_customer360_id,
        parted_carriers.gaining_customer360_id

),

evidence as (

    select
        sided.customer360_id,
        sided.change,
        sided.other_customer360_id,
        sided.record_count,
        sided.is_joining,
        settings.is_new_policy,
        decided.customer360_id is not null or others_decided.customer360_id is not null
            as is_decided,
        new_records.record_key as new_record_key,
        gone_records.record_key as gone_record_key,
        dropped_values.identifier_type as dropped_type,
        coalesce(anchors.was_passed, false) as has_inherited
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
    left join anchors
        on sided.gaining_customer360_id = anchors.customer360_id
    left join dropped_values
        on
            sided.losing_customer360_id = dropped_values.losing_customer360_id
            and sided.gaining_customer360_id = dropped_values.gaining_customer360_id

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
            -- The id that is shown now came to this customer with the record that is gone.
            when is_joining and has_inherited and gone_record_key is not null then 'record_removed'
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
