with

order_totals as (

    select * from {{ ref('int_orders__customer_totals') }}
    where orders_count > 0

),

clv_tiers as (

    select * from {{ ref('clv_tiers') }}

),

-- An empty cell is null on one engine and empty text on another.
tiers as (

    select
        clv_tier,
        cast(nullif(net_revenue_from, '') as decimal(18, 2)) as net_revenue_from
    from clv_tiers

),

-- The tier without a bound takes those who gave back more than they paid, too.
ranked as (

    select
        order_totals.customer360_id,
        tiers.clv_tier,
        row_number() over (
            partition by order_totals.customer360_id
            order by
                case when tiers.net_revenue_from is null then 1 else 0 end,
                tiers.net_revenue_from desc
        ) as place
    from order_totals
    inner join tiers
        on
            tiers.net_revenue_from is null
            or order_totals.net_revenue >= tiers.net_revenue_from

),

reached as (

    select
        customer360_id,
        clv_tier
    from ranked
    where place = 1

)

select * from reached
