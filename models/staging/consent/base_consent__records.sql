{{ config(materialized='table') }}

with

records as (

    select * from {{ raw('consent', 'records') }}

),

consent_statuses as (

    select * from {{ ref('consent_statuses') }}

),

-- What is used more than once below is worked out once here.
typed as (

    select
        records.*,
        {{ dialled_digits('records.phone') }} as dialled_phone,
        {{ lookup_code('records.consent_status') }} as status_key,
        {{ utc_moment('records.stated_at') }} as stated_at_utc,
        {{ utc_moment('records.loaded_at') }} as loaded_at_utc
    from records

),

cleaned as (

    select
        -- keys
        typed.source_system,
        typed.consent_id as source_consent_id,

        -- identifiers
        {{ namespaced_id('typed', 'customer_id') }} as customer_id,
        {{ namespaced_id('typed', 'user_id') }} as user_id,
        {{ clean_email('typed.email') }} as email,
        {{ clean_phone('typed.dialled_phone') }} as phone,

        -- attributes
        {{ lookup_code('typed.purpose') }} as purpose,
        {{ lookup_code('typed.channel') }} as consent_channel,
        {{ clean_text('typed.consent_status') }} as source_consent_status,
        consent_statuses.is_granted,

        -- times
        typed.stated_at_utc as stated_at,
        typed.loaded_at_utc as loaded_at,

        -- file
        typed.source_file,
        typed.file_loaded_at,
        cast(typed.file_loaded_at as date) as file_loaded_on,

        -- judgement
        {{ quarantine_reason(
            'typed',
            keys=['consent_id', 'purpose', 'consent_status'],
            required_times=['stated_at'],
            times=['loaded_at'],
        ) }} as quarantine_reason,
        typed.raw_row
    from typed
    left join consent_statuses
        on typed.status_key = consent_statuses.source_status

),

-- A row that carries no identifier belongs to itself; else all people that nobody knows anything
-- of would be one person.
tupled as (

    select
        *,
        case
            when coalesce(customer_id, user_id, email, phone) is null
                then source_consent_id
        end as anonymous_consent_id
    from cleaned

),

judged as (

    select
        *,
        {{ record_key('records', 'source_consent_id') }} as event_id,
        {{ tuple_key(
            'people',
            [
                'customer_id', 'user_id', 'email', 'phone', 'anonymous_consent_id',
            ],
        ) }} as record_key,
        {{ row_status(
            'source_system, source_consent_id',
            version_times=['loaded_at', 'stated_at'],
        ) }} as row_status
    from tupled

)

select * from judged
