with

ledger as (

    {{ state_before('ledger') | indent(4) }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

{% if works_on_changes() %}
looked_at as (

    select record_key from {{ ref('int_identity__touched') }}
    where not is_neighbour
    union distinct
    select record_key from {{ ref('int_identity__changes') }}
    where change in ('added', 'removed')

),

{% else %}
looked_at as (

    select record_key from customers
    union distinct
    select record_key from ledger

),

{% endif %}
compared as (

    select
        looked_at.record_key,
        customers.customer360_id,
        customers.record_role,
        ledger.customer360_id as customer360_id_before,
        ledger.record_role as record_role_before
    from looked_at
    left join customers
        on looked_at.record_key = customers.record_key
    left join ledger
        on looked_at.record_key = ledger.record_key

),

changed as (

    select
        record_key,
        customer360_id,
        record_role,
        customer360_id_before,
        customer360_id is null as is_removed
    from compared
    where
        coalesce(customer360_id, '') <> coalesce(customer360_id_before, '')
        or coalesce(record_role, '') <> coalesce(record_role_before, '')

)

select * from changed
