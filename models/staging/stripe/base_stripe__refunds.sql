{{ config(materialized='table') }}

with

refunds as (

    select * from {{ raw('stripe', 'refunds') }}

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
        refunds.*,
        {{ clean_integer('refunds.amount') }} as amount_number,
        upper({{ clean_text('refunds.currency') }}) as currency_code,
        {{ lookup_code('refunds.refund_status') }} as status_key,
        {{ utc_moment('refunds.created_at') }} as created_at_utc,
        {{ utc_moment('refunds.loaded_at') }} as loaded_at_utc
    from refunds

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.refund_id as source_refund_id,

        -- identifiers
        {{ namespaced_id('typed', 'charge_id') }} as charge_id,

        -- attributes
        typed.currency_code as currency,
        {{ clean_text('typed.refund_status') }} as source_refund_status,
        case
            when typed.refund_status is null then 'succeeded'
            else coalesce(payment_statuses.payment_status, 'pending')
        end as refund_status,
        {{ lookup_code('typed.refund_reason') }} as refund_reason,

        -- measures
        {{ major_amount('typed.amount_number', 'currencies.minor_digits') }} as amount,

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
            keys=['refund_id', 'charge_id', 'currency'],
            required_times=['created_at'],
            times=['loaded_at'],
            numbers=['amount'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join payment_statuses
        on typed.status_key = payment_statuses.source_status
    left join currencies
        on typed.currency_code = currencies.currency

),

judged as (

    select
        *,
        {{ record_key('refunds', 'source_refund_id') }} as refund_key,
        {{ row_status(
            'source_system, source_refund_id',
            version_times=['loaded_at', 'created_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
