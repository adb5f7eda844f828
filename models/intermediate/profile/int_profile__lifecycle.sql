{% set usual_gap = var('lifecycle_gap_days') %}

with

orders as (

    select * from {{ ref('int_orders__totalled') }}
    where is_completed

),

numbered as (

    select
        customer360_id,
        ordered_at,
        lag(ordered_at) over (partition by customer360_id order by ordered_at, order_key)
            as ordered_before_at,
        row_number() over (partition by customer360_id order by ordered_at desc, order_key desc)
            as recency
    from orders

),

purchases as (

    select
        customer360_id,
        count(*) as orders_count,
        min(ordered_at) as first_purchase_at,
        max(ordered_at) as last_purchase_at,
        max(case when recency = 1 then ordered_before_at end) as purchase_before_last_at
    from numbered
    group by customer360_id

),

-- A customer's own rhythm: days between two purchases on average; the usual gap where there are too
-- few. The rhythm before the last purchase tells whether that one brought the customer back.
spans as (

    select
        customer360_id,
        orders_count,
        {{ days_between('last_purchase_at', as_of()) }} as days_since_last,
        {{ days_between('purchase_before_last_at', 'last_purchase_at') }} as last_gap_days,
        {{ days_between('first_purchase_at', 'last_purchase_at') }} as bought_days,
        {{ days_between('first_purchase_at', 'purchase_before_last_at') }}
            as bought_days_before_last
    from purchases

),

-- Compared in days times purchases, so that nothing is divided.
judged as (

    select
        customer360_id,
        orders_count,
        days_since_last,
        case
            when orders_count > 1 and bought_days >= orders_count - 1 then bought_days
            else {{ usual_gap }}
        end as rhythm_days,
        case
            when orders_count > 1 and bought_days >= orders_count - 1 then orders_count - 1
            else 1
        end as rhythm_steps,
        last_gap_days,
        case
            when orders_count > 2 and bought_days_before_last >= orders_count - 2
                then bought_days_before_last
            else {{ usual_gap }}
        end as earlier_rhythm_days,
        case
            when orders_count > 2 and bought_days_before_last >= orders_count - 2
                then orders_count - 2
            else 1
        end as earlier_rhythm_steps
    from spans

),

staged as (

    select
        customer360_id,
        case
            when days_since_last * rhythm_steps > 3 * rhythm_days then 'lapsed'
            when days_since_last * rhythm_steps > 2 * rhythm_days then 'lapsing'
            when orders_count = 1 then 'first-time'
            when last_gap_days * earlier_rhythm_steps > 3 * earlier_rhythm_days then 'reactivated'
            else 'active'
        end as lifecycle_stage
    from judged

)

select * from staged
