with

purchases as (

    select * from {{ ref('int_orders__purchases_unioned') }}

),

orders as (

    select * from {{ ref('int_orders__totalled') }}

),

charges as (

    select * from {{ ref('stg_stripe__charges') }}

),

matched as (

    select * from {{ ref('int_orders__charges_matched') }}

),

shop_refunds as (

    select * from {{ ref('stg_shop__refunds') }}

),

charge_refunds as (

    select * from {{ ref('stg_stripe__refunds') }}
    where refund_status = 'succeeded'

),

-- Who has no order at all is not told that charges have none.
purchases_counted as (

    select count(*) as purchase_count
    from purchases

),

order_ids as (

    select distinct order_id
    from orders
    where order_id is not null

),

charges_judged as (

    select
        charges.source_system,
        'charges' as source_entity,
        charges.source_charge_id as source_record_id,
        'charges_without_order' as check_name,
        case
            when matched.order_key is not null then null
            when charges.invoice_id is not null then 'invoiced'
            else 'not_invoiced'
        end as reason
    from charges
    inner join matched
        on charges.charge_key = matched.charge_key
    cross join purchases_counted
    where
        charges.charge_status = 'succeeded'
        and purchases_counted.purchase_count > 0

),

shop_refunds_judged as (

    select
        shop_refunds.source_system,
        'refunds' as source_entity,
        shop_refunds.source_refund_id as source_record_id,
        'refunds_without_order' as check_name,
        case when order_ids.order_id is null then 'unknown_order' end as reason
    from shop_refunds
    left join order_ids
        on shop_refunds.order_id = order_ids.order_id

),

charges_known as (

    select
        charges.charge_id,
        max(matched.order_key) as order_key
    from charges
    inner join matched
        on charges.charge_key = matched.charge_key
    group by charges.charge_id

),

charge_refunds_judged as (

    select
        charge_refunds.source_system,
        'refunds' as source_entity,
        charge_refunds.source_refund_id as source_record_id,
        'refunds_without_order' as check_name,
        case
            when charges_known.charge_id is null then 'unknown_charge'
            when
                charges_known.order_key is null
                and purchases_counted.purchase_count > 0
                then 'charge_without_order'
        end as reason
    from charge_refunds
    cross join purchases_counted
    left join charges_known
        on charge_refunds.charge_id = charges_known.charge_id

),

judged as (

    select * from charges_judged
    union all
    select * from shop_refunds_judged
    union all
    select * from charge_refunds_judged

)

select * from judged
