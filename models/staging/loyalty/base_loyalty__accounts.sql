{{ config(materialized='table') }}

with

accounts as (

    select * from {{ raw('loyalty', 'accounts') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        accounts.*,
        {{ dialled_digits('accounts.phone') }} as dialled_phone,
        {{ clean_integer('accounts.points_balance') }} as points_balance_number,
        {{ utc_moment('accounts.joined_at') }} as joined_at_utc,
        {{ utc_moment('accounts.updated_at') }} as updated_at_utc,
        {{ utc_moment('accounts.loaded_at') }} as loaded_at_utc
    from accounts

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.loyalty_id as source_loyalty_id,

        -- identifiers
        {{ namespaced_id('typed', 'loyalty_id') }} as loyalty_id,
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone') }} as phone,

        -- attributes
        {{ clean_name('typed.first_name') }} as first_name,
        {{ clean_name('typed.last_name') }} as last_name,
        {{ clean_date('typed.date_of_birth') }} as date_of_birth,
        {{ clean_text('typed.loyalty_tier') }} as loyalty_tier,

        -- measures
        typed.points_balance_number as points_balance,

        -- times
        typed.joined_at_utc as joined_at,
        typed.updated_at_utc as updated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['loyalty_id'],
            times=['joined_at', 'updated_at', 'loaded_at'],
            numbers=['points_balance'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed

),

judged as (

    select
        *,
        {{ record_key('accounts', 'source_loyalty_id') }} as record_key,
        {{ record_key('accounts', 'source_loyalty_id') }} as event_id,
        {{ row_status(
            'source_system, source_loyalty_id',
            version_times=['updated_at', 'loaded_at', 'joined_at'],
        ) }} as row_status
    from cleaned

)

select * from judged
