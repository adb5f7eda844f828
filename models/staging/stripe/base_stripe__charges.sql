{{ config(materialized='table') }}

with

charges as (

    select * from {{ raw('stripe', 'charges') }}

),

payment_statuses as (

    select * from {{ ref('payment_statuses') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        charges.*,
        {{ clean_integer('charges.amount') }} as amount_number,
        {{ clean_integer('charges.amount_refunded') }} as amount_refunded_number,
        upper({{ clean_text('charges.currency') }}) as currency_code,
        {{ lookup_code('charges.charge_status') }} as status_key,
        {{ utc_moment('charges.created_at') }} as created_at_utc,
        {{ utc_moment('charges.loaded_at') }} as loaded_at_utc
    from charges

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.charge_id as source_charge_id,

        -- identifiers
        {{ namespaced_id('typed', 'charge_id') }} as charge_id,
        {{ namespaced_id('typed', 'stripe_customer_id') }} as stripe_customer_id,
        {{ clean_email('typed.email') }} as email,
        {{ namespaced_id('typed', 'order_id') }} as order_id,

        -- attributes
        typed.payment_intent_id,
        typed.invoice_id,
        typed.currency_code as currency,
        {{ clean_text('typed.charge_status') }} as source_charge_status,
        case
            when typed.charge_status is null then 'succeeded'
            else coalesce(payment_statuses.payment_status, 'pending')
        end as charge_status,

        -- measures
        {{ major_amount('typed.amount_number', 'currencies.minor_digits') }} as amount,
        {{ major_amount('typed.amount_refunded_number', 'currencies.minor_digits') }}
            as amount_refunded,

        -- times
        typed.created_at_utc as created_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['charge_id', 'currency'],
            required_times=['created_at'],
            times=['loaded_at'],
            numbers=['amount', 'amount_refunded'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join payment_statuses
        on typed.status_key = payment_statuses.source_status
    left join currencies
        on typed.currency_code = currencies.currency

),

-- A row that carries no identifier belongs to itself; else all people that nobody knows anything
-- of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(stripe_customer_id, email) is null
                then source_charge_id
        end as anonymous_charge_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('charges', 'source_charge_id') }} as charge_key,
        {{ tuple_key(
            'payers',
            [
                'stripe_customer_id', 'email', 'anonymous_charge_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_charge_id',
            version_times=['loaded_at', 'created_at'],
        ) }} as row_status
    from tupled

)

select * from judged
