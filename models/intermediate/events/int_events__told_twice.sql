with

charges as (

    select * from {{ ref('stg_stripe__charges') }}

),

payments as (

    select * from {{ ref('stg_shop__payments') }}

),

purchases as (

    select * from {{ ref('int_orders__purchases_unioned') }}

),

matched as (

    select * from {{ ref('int_orders__charges_matched') }}

),

refunds as (

    select * from {{ ref('int_orders__refunds_unioned') }}

),

-- The shop's payment of a charge names it; one that names none is told by its order and amount.
payment_pairs as (

    select charges.charge_key as event_id
    from charges
    inner join payments
        on charges.source_charge_id = payments.payment_reference
    union all
    select charges.charge_key as event_id
    from charges
    inner join payments
        on charges.payment_intent_id = payments.payment_reference
    union all
    select charges.charge_key as event_id
    from charges
    inner join matched
        on charges.charge_key = matched.charge_key
    inner join purchases
        on matched.order_key = purchases.order_key
    inner join payments
        on
            purchases.order_id = payments.order_id
            and charges.amount = payments.amount
            and charges.currency = payments.currency
            and charges.charge_status = payments.payment_status
            and payments.payment_reference is null

),

told_twice as (

    select event_id
    from payment_pairs
    union all
    select refund_key as event_id
    from refunds
    where is_told_twice

),

final as (

    select distinct event_id
    from told_twice

)

select * from final
