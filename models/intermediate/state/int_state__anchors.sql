with

ids as (

    {{ state_before('ids') | indent(4) }}

),

ledger as (

    {{ state_before('ledger') | indent(4) }}

),

records as (

    select * from {{ ref('int_identity__records') }}

),

{% if works_on_changes() %}
removed_records as (

    select record_key from {{ ref('int_identity__changes') }}
    where change = 'removed'

),

{% else %}
removed_records as (

    select ledger.record_key
    from ledger
    left join records
        on ledger.record_key = records.record_key
    where records.record_key is null

),

{% endif %}
-- Ids whose anchor is gone, with the customer that the anchor belonged to when last published.
orphaned as (

    select
        ids.customer360_id,
        ledger.customer360_id as held_by
    from ids
    inner join removed_records
        on ids.anchor_record_key = removed_records.record_key
    inner join ledger
        on ids.anchor_record_key = ledger.record_key

),

-- An anchor passes to the oldest remaining record of that customer, its own records first.
ranked as (

    select
        orphaned.customer360_id,
        records.record_key,
        row_number() over (
            partition by orphaned.customer360_id
            order by
                case when ledger.record_role = 'attached' then 1 else 0 end,
                {{ nulls_last('records.first_seen_at') }},
                records.record_key
        ) as age_rank
    from orphaned
    inner join ledger
        on orphaned.held_by = ledger.customer360_id
    inner join records
        on ledger.record_key = records.record_key

),

heirs as (

    select
        customer360_id,
        record_key
    from ranked
    where age_rank = 1

),

anchors as (

    select
        ids.customer360_id,
        coalesce(heirs.record_key, ids.anchor_record_key) as anchor_record_key,
        heirs.record_key is not null as was_passed,
        ids.minted_record_key,
        ids.minted_record_at,
        ids.minted_generation_no,
        ids.was_identified_at_minting
    from ids
    left join heirs
        on ids.customer360_id = heirs.customer360_id

)

select * from anchors
