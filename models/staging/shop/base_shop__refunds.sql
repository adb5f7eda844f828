{{ config(materialized='table') }}

with

refunds as (

    select * from {{ raw('shop', 'refunds') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        refunds.*,
        {{ clean_amount('refunds.amount') }} as amount_number,
        {{ utc_moment('refunds.refunded_at') }} as refunded_at_utc,
        {{ utc_moment('refunds.updated_at') }} as updated_at_utc,
        {{ utc_moment('refunds.loaded_at') }} as loaded_at_utc
    from refunds

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.refund_id as source_refund_id,

        -- identifiers
        {{ namespaced_id('typed', 'order_id') }} as order_id,

        -- attributes
        typed.payment_reference,
        coalesce(
            upper({{ clean_text('typed.currency') }}), '{{ var("reporting_currency") }}'
        ) as currency,
        {{ clean_text('typed.refund_reason') }} as refund_reason,

        -- measures
        typed.amount_number as amount,

        -- times
        typed.refunded_at_utc as refunded_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['refund_id', 'order_id'],
            required_times=['refunded_at'],
            times=['updated_at', 'loaded_at'],
            numbers=['amount'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

judged as (

    select
        *,
        {{ record_key('refunds', 'source_refund_id') }} as event_id,
        {{ row_status(
            'source_system, source_refund_id',
            version_times=['updated_at', 'loaded_at', 'refunded_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
