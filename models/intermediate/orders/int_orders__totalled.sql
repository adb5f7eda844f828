with

purchases as (

    select * from {{ ref('int_orders__purchases_unioned') }}

),

charges as (

    select * from {{ ref('stg_stripe__charges') }}

),

matched as (

    select * from {{ ref('int_orders__charges_matched') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

rates as (

    select * from {{ ref('int_orders__rates_dated') }}

),

-- A charge that pays no order that we know is a purchase of its own.
other_charges as (

    select
        charges.charge_key as order_key,
        customers.customer360_id,
        charges.record_key,
        charges.source_system,
        charges.order_id,
        'online' as purchase_channel,
        case
            when charges.charge_status = 'succeeded' then 'completed'
            else charges.charge_status
        end as order_status,
        charges.charge_status = 'succeeded' as is_completed,
        charges.currency,
        cast(coalesce(charges.amount, 0) as decimal(18, 2)) as amount,
        charges.created_at as ordered_at
    from charges
    inner join matched
        on charges.charge_key = matched.charge_key
    inner join customers
        on charges.record_key = customers.record_key
    where matched.order_key is null

),

unioned as (

    select * from purchases
    union all
    select * from other_charges

),

totalled as (

    select
        -- keys
        unioned.order_key,
        unioned.customer360_id,
        unioned.record_key,
        unioned.source_system,
        unioned.order_id,

        -- attributes
        unioned.purchase_channel,
        unioned.order_status,
        unioned.is_completed,
        unioned.currency,

        -- measures
        unioned.amount,
        {{ converted_amount('unioned.amount', 'unioned.currency', 'rates.rate') }}
            as reporting_amount,

        -- times
        unioned.ordered_at
    from unioned
    left join rates
        on
            unioned.currency = rates.currency
            and unioned.ordered_at >= rates.valid_from_at
            and unioned.ordered_at < rates.valid_to_at

)

select * from totalled
