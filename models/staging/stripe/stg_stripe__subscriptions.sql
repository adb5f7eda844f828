with

judged as (

    select * from {{ ref('base_stripe__subscriptions') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_subscription_id,

        -- identifiers
        stripe_customer_id,

        -- attributes
        subscription_status,
        plan_name,
        currency,
        plan_interval,

        -- measures
        plan_amount,
        interval_count,
        quantity,

        -- times
        started_at,
        canceled_at,
        ended_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
