with

ledger as (

    {{ state_before('ledger') | indent(4) }}

),

figures_before as (

    {{ state_before('figures') | indent(4) }}

),

figures_now as (

    select * from {{ ref('int_state__record_figures') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

anchors as (

    select * from {{ ref('int_state__anchors') }}

),

-- Where a record that is gone would be: with the customer that its old one's id means now.
heirs as (

    select
        anchors.customer360_id,
        customers.customer360_id as current_customer360_id,
        customers.is_identified
    from anchors
    inner join customers
        on anchors.anchor_record_key = customers.record_key

),

records as (

    select
        coalesce(customers.record_key, ledger.record_key) as record_key,
        ledger.record_key is not null as was_there,
        customers.record_key is not null as is_there,
        ledger.customer360_id as customer360_id_before,
        ledger.record_role <> 'anonymous' as is_identified_before,
        customers.customer360_id as customer360_id_now,
        customers.is_identified as is_identified_now
    from ledger
    full outer join customers
        on ledger.record_key = customers.record_key

),

maps as (

    select
        -- keys
        records.record_key,
        {{ nth_part('records.record_key', ':', 1) }} as source_system,

        -- the previous data under the previous map
        records.customer360_id_before,
        records.is_identified_before,
        figures_before.revenue as revenue_before,

        -- the previous data under this map
        case
            when records.was_there
                then coalesce(
                    records.customer360_id_now,
                    heirs.current_customer360_id,
                    records.customer360_id_before
                )
        end as customer360_id_mapped,
        case
            when records.was_there
                then coalesce(
                    records.is_identified_now, heirs.is_identified, records.is_identified_before
                )
        end as is_identified_mapped,

        -- this data under this map
        records.customer360_id_now,
        records.is_identified_now,
        figures_now.revenue as revenue_now
    from records
    left join figures_before
        on records.record_key = figures_before.record_key
    left join figures_now
        on records.record_key = figures_now.record_key
    left join heirs
        on
            records.customer360_id_before = heirs.customer360_id
            and not records.is_there

)

select * from maps
