{{ config(materialized='table') }}

with

subscriptions as (

    select * from {{ raw('stripe', 'subscriptions') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        subscriptions.*,
        {{ clean_integer('subscriptions.plan_amount') }} as plan_amount_number,
        upper({{ clean_text('subscriptions.currency') }}) as currency_code,
        {{ clean_integer('subscriptions.interval_count') }} as interval_count_number,
        {{ clean_integer('subscriptions.quantity') }} as quantity_number,
        {{ utc_moment('subscriptions.started_at') }} as started_at_utc,
        {{ utc_moment('subscriptions.canceled_at') }} as canceled_at_utc,
        {{ utc_moment('subscriptions.ended_at') }} as ended_at_utc,
        {{ utc_moment('subscriptions.updated_at') }} as updated_at_utc,
        {{ utc_moment('subscriptions.loaded_at') }} as loaded_at_utc
    from subscriptions

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.subscription_id as source_subscription_id,

        -- identifiers
        {{ namespaced_id('typed', 'stripe_customer_id') }} as stripe_customer_id,

        -- attributes
        {{ lookup_code('typed.subscription_status') }} as subscription_status,
        {{ clean_text('typed.plan_name') }} as plan_name,
        typed.currency_code as currency,
        {{ lookup_code('typed.plan_interval') }} as plan_interval,

        -- measures
        {{ major_amount('typed.plan_amount_number', 'currencies.minor_digits') }} as plan_amount,
        typed.interval_count_number as interval_count,
        typed.quantity_number as quantity,

        -- times
        typed.started_at_utc as started_at,
        typed.canceled_at_utc as canceled_at,
        typed.ended_at_utc as ended_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['subscription_id', 'stripe_customer_id', 'currency'],
            required_times=['started_at'],
            times=['canceled_at', 'ended_at', 'updated_at', 'loaded_at'],
            numbers=['plan_amount', 'interval_count', 'quantity'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join currencies
        on typed.currency_code = currencies.currency

),

judged as (

    select
        *,
        {{ record_key('subscriptions', 'source_subscription_id') }} as event_id,
        {{ row_status(
            'source_system, source_subscription_id',
            version_times=['updated_at', 'loaded_at', 'started_at', 'canceled_at', 'ended_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
