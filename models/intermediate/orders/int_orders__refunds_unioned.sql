with

refunds as (

    select * from {{ ref('stg_shop__refunds') }}

),

charge_refunds as (

    select * from {{ ref('stg_stripe__refunds') }}
    where refund_status = 'succeeded'

),

charges as (

    select * from {{ ref('stg_stripe__charges') }}

),

matched as (

    select * from {{ ref('int_orders__charges_matched') }}

),

orders as (

    select * from {{ ref('int_orders__totalled') }}

),

shop_refunds as (

    select
        refunds.event_id as refund_key,
        orders.order_key,
        orders.customer360_id,
        refunds.source_system,
        refunds.payment_reference,
        refunds.currency,
        refunds.amount,
        refunds.refunded_at
    from refunds
    inner join orders
        on refunds.order_id = orders.order_id

),

-- By the order that the charge pays, else by the charge, which is then a purchase of its own.
provider_refunds as (

    select
        charge_refunds.refund_key,
        orders.order_key,
        orders.customer360_id,
        charge_refunds.source_system,
        charge_refunds.source_refund_id,
        charges.source_charge_id,
        charges.payment_intent_id,
        charge_refunds.currency,
        charge_refunds.amount,
        charge_refunds.created_at as refunded_at
    from charge_refunds
    inner join charges
        on charge_refunds.charge_id = charges.charge_id
    inner join matched
        on charges.charge_key = matched.charge_key
    inner join orders
        on coalesce(matched.order_key, charges.charge_key) = orders.order_key

),

-- What shop and provider both tell of an order is one refund: by its reference, or its amount.
told_twice as (

    select distinct provider_refunds.refund_key
    from provider_refunds
    inner join shop_refunds
        on provider_refunds.order_key = shop_refunds.order_key
    where
        shop_refunds.payment_reference in (
            provider_refunds.source_refund_id,
            provider_refunds.source_charge_id,
            provider_refunds.payment_intent_id
        )
        or (
            provider_refunds.amount = shop_refunds.amount
            and provider_refunds.currency = shop_refunds.currency
        )

),

-- An order whose state says refunded, and of which no refund is told, was paid back whole.
untold_refunds as (

    select
        orders.order_key as refund_key,
        orders.order_key,
        orders.customer360_id,
        orders.source_system,
        orders.currency,
        orders.amount,
        orders.ordered_at as refunded_at
    from orders
    left join shop_refunds
        on orders.order_key = shop_refunds.order_key
    left join provider_refunds
        on orders.order_key = provider_refunds.order_key
    where
        orders.order_status = 'refunded'
        and shop_refunds.order_key is null
        and provider_refunds.order_key is null

),

unioned as (

    select
        refund_key,
        order_key,
        customer360_id,
        source_system,
        currency,
        amount,
        false as is_told_twice,
        refunded_at
    from shop_refunds
    union all
    select
        provider_refunds.refund_key,
        provider_refunds.order_key,
        provider_refunds.customer360_id,
        provider_refunds.source_system,
        provider_refunds.currency,
        provider_refunds.amount,
        told_twice.refund_key is not null as is_told_twice,
        provider_refunds.refunded_at
    from provider_refunds
    left join told_twice
        on provider_refunds.refund_key = told_twice.refund_key
    union all
    select
        refund_key,
        order_key,
        customer360_id,
        source_system,
        currency,
        amount,
        false as is_told_twice,
        refunded_at
    from untold_refunds

)

select * from unioned
