{% set window = var('payment_match_hours') * 3600 %}

with

charges as (

    select * from {{ ref('stg_stripe__charges') }}

),

purchases as (

    select * from {{ ref('int_orders__purchases_unioned') }}

),

payments as (

    select * from {{ ref('stg_shop__payments') }}
    where payment_reference is not null

),

sales as (

    select * from {{ ref('stg_pos__sales') }}
    where payment_reference is not null

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

references_told as (

    select
        payments.payment_reference,
        purchases.order_key
    from payments
    inner join purchases
        on payments.order_id = purchases.order_id
    union all
    select
        payment_reference,
        event_id as order_key
    from sales

),

-- A payment is known by its charge, by its payment intent, or by the order that the charge names.
reference_pairs as (

    select
        charges.charge_key,
        references_told.order_key
    from charges
    inner join references_told
        on charges.source_charge_id = references_told.payment_reference
    union all
    select
        charges.charge_key,
        references_told.order_key
    from charges
    inner join references_told
        on charges.payment_intent_id = references_told.payment_reference
    union all
    select
        charges.charge_key,
        purchases.order_key
    from charges
    inner join purchases
        on charges.order_id = purchases.order_id

),

by_reference as (

    select
        charge_key,
        min(order_key) as order_key
    from reference_pairs
    group by charge_key

),

paid_orders as (

    select distinct order_key
    from reference_pairs

),

open_charges as (

    select
        charges.charge_key,
        customers.customer360_id,
        charges.amount,
        charges.currency,
        charges.created_at
    from charges
    inner join customers
        on charges.record_key = customers.record_key
    left join by_reference
        on charges.charge_key = by_reference.charge_key
    where by_reference.charge_key is null and charges.charge_status = 'succeeded'

),

open_orders as (

    select
        purchases.order_key,
        purchases.customer360_id,
        purchases.amount,
        purchases.currency,
        purchases.ordered_at
    from purchases
    left join paid_orders
        on purchases.order_key = paid_orders.order_key
    where paid_orders.order_key is null and purchases.is_completed

),

-- The same customer, amount and currency within hours: two, each the other's nearest.
near as (

    select
        open_charges.charge_key,
        open_orders.order_key,
        abs({{ dbt.datediff('open_orders.ordered_at', 'open_charges.created_at', 'second') }})
            as seconds_apart
    from open_charges
    inner join open_orders
        on
            open_charges.customer360_id = open_orders.customer360_id
            and open_charges.amount = open_orders.amount
            and open_charges.currency = open_orders.currency

),

ranked as (

    select
        charge_key,
        order_key,
        row_number() over (partition by charge_key order by seconds_apart, order_key) as order_rank,
        row_number() over (partition by order_key order by seconds_apart, charge_key) as charge_rank
    from near
    where seconds_apart <= {{ window }}

),

matched as (

    select
        charges.charge_key,
        coalesce(by_reference.order_key, ranked.order_key) as order_key,
        case
            when by_reference.order_key is not null then 'reference'
            when ranked.order_key is not null then 'amount_and_time'
        end as matched_by
    from charges
    left join by_reference
        on charges.charge_key = by_reference.charge_key
    left join ranked
        on
            charges.charge_key = ranked.charge_key
            and ranked.order_rank = 1
            and ranked.charge_rank = 1

)

select * from matched
