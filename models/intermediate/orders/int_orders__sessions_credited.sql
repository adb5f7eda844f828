with

assigned as (

    select * from {{ ref('int_events__sessions_assigned') }}

),

events as (

    select * from {{ ref('int_events__attributed') }}
    where event_category in ('behaviour', 'transaction')

),

orders as (

    select * from {{ ref('int_orders__totalled') }}

),

-- Events that tell of an order as it is placed; a refund tells of one that was placed before.
telling as (

    select
        assigned.session_id,
        events.event_id,
        events.order_id,
        events.event_name in ('purchase', 'order_placed') as is_purchase,
        events.occurred_at
    from assigned
    inner join events
        on assigned.event_id = events.event_id
    where
        events.event_name in ('purchase', 'order_placed')
        or (events.event_category = 'behaviour' and events.order_id is not null)

),

ranked as (

    select
        session_id,
        order_id,
        row_number() over (
            partition by order_id
            order by
                case when is_purchase then 0 else 1 end,
                {{ nulls_last('occurred_at') }},
                event_id
        ) as preference
    from telling
    where order_id is not null

),

-- Each order in one session: where it was bought, else where a page first spoke of it.
placed_orders as (

    select
        ranked.session_id,
        orders.is_completed,
        orders.reporting_amount
    from ranked
    inner join orders
        on ranked.order_id = orders.order_id
    where ranked.preference = 1

),

order_ids as (

    select order_id
    from orders
    group by order_id

),

-- A purchase of which no source has the order is still one, of an unknown amount.
unmatched_purchases as (

    select telling.session_id
    from telling
    left join order_ids
        on telling.order_id = order_ids.order_id
    where telling.is_purchase and order_ids.order_id is null

),

conversions as (

    select
        session_id,
        is_completed as is_conversion,
        is_completed and reporting_amount is not null as counts,
        reporting_amount
    from placed_orders
    union all
    select
        session_id,
        true as is_conversion,
        false as counts,
        cast(0 as decimal(18, 2)) as reporting_amount
    from unmatched_purchases

),

credited as (

    select
        session_id,
        {{ true_for_any('is_conversion') }} as has_conversion,
        {{ count_where('counts') }} as orders_count,
        {{ sum_amount_where('reporting_amount', 'counts') }} as revenue
    from conversions
    group by session_id

)

select * from credited
