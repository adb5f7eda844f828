{{ config(materialized='table') }}

with

payments as (

    select * from {{ raw('shop', 'payments') }}

),

payment_statuses as (

    select * from {{ ref('payment_statuses') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        payments.*,
        {{ lookup_code('payments.payment_status') }} as status_key,
        {{ clean_amount('payments.amount') }} as amount_number,
        {{ utc_moment('payments.paid_at') }} as paid_at_utc,
        {{ utc_moment('payments.updated_at') }} as updated_at_utc,
        {{ utc_moment('payments.loaded_at') }} as loaded_at_utc
    from payments

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.payment_id as source_payment_id,

        -- identifiers
        {{ namespaced_id('typed', 'order_id') }} as order_id,

        -- attributes
        typed.payment_reference,
        {{ lookup_code('typed.payment_method') }} as payment_method,
        {{ clean_text('typed.payment_status') }} as source_payment_status,
        case
            when typed.payment_status is null then 'succeeded'
            else coalesce(payment_statuses.payment_status, 'pending')
        end as payment_status,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,

        -- measures
        typed.amount_number as amount,

        -- times
        typed.paid_at_utc as paid_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['payment_id', 'order_id'],
            times=['paid_at', 'updated_at', 'loaded_at'],
            numbers=['amount'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join payment_statuses
        on typed.status_key = payment_statuses.source_status

),

judged as (

    select
        *,
        {{ record_key('payments', 'source_payment_id') }} as payment_key,
        {{ row_status(
            'source_system, source_payment_id',
            version_times=['updated_at', 'loaded_at', 'paid_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
