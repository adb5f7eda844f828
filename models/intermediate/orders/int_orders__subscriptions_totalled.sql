with

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

stripe_customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

rates as (

    select * from {{ ref('int_orders__rates_dated') }}

),

payers as (

    select
        stripe_customer_id,
        min(record_key) as record_key
    from stripe_customers
    group by stripe_customer_id

),

-- What is paid is what runs at as_of and is neither on trial nor unpaid.
active as (

    select
        customers.customer360_id,
        subscriptions.currency,
        coalesce(subscriptions.quantity, 1) * coalesce(subscriptions.plan_amount, 0)
            as interval_amount,
        case subscriptions.plan_interval
            when 'day' then 365
            when 'week' then 52
            when 'year' then 1
            else 12
        end as intervals_per_year,
        coalesce(subscriptions.interval_count, 1) as interval_count
    from subscriptions
    inner join payers
        on subscriptions.stripe_customer_id = payers.stripe_customer_id
    inner join customers
        on payers.record_key = customers.record_key
    where
        subscriptions.subscription_status in ('active', 'past_due')
        and subscriptions.started_at <= {{ as_of() }}
        and (subscriptions.ended_at is null or subscriptions.ended_at > {{ as_of() }})

),

monthly as (

    select
        active.customer360_id,
        {{ average_amount(
            'active.interval_amount * active.intervals_per_year', '12 * active.interval_count'
        ) }} as amount,
        active.currency,
        rates.rate
    from active
    left join rates
        on
            active.currency = rates.currency
            and {{ as_of() }} >= rates.valid_from_at
            and {{ as_of() }} < rates.valid_to_at

),

totals as (

    select
        customer360_id,
        count(*) as active_subscriptions,
        cast(sum({{ converted_amount('amount', 'currency', 'rate') }}) as decimal(18, 2)) as mrr
    from monthly
    group by customer360_id

)

select * from totals
