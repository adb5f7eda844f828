with

ledger_changes as (

    select * from {{ ref('int_state__ledger') }}

),

involved as (

    select customer360_id from ledger_changes
    where customer360_id is not null
    union distinct
    select customer360_id_before as customer360_id from ledger_changes
    where customer360_id_before is not null

),

ledger as (

    {{ state_before('ledger') | indent(4) }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

records_before as (

    select
        ledger.record_key,
        ledger.customer360_id
    from ledger
    inner join involved
        on ledger.customer360_id = involved.customer360_id

),

records_now as (

    select
        customers.record_key,
        customers.customer360_id
    from customers
    inner join involved
        on customers.customer360_id = involved.customer360_id

),

-- Records that are new, or gone, have one side only.
flows as (

    select
        records_before.customer360_id as customer360_id_before,
        records_now.customer360_id as customer360_id_now,
        count(*) as record_count
    from records_before
    full outer join records_now
        on records_before.record_key = records_now.record_key
    group by records_before.customer360_id, records_now.customer360_id

)

select * from flows
