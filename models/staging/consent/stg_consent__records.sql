with

judged as (

    select * from {{ ref('base_consent__records') }}

),

kept as (

    select
        -- keys
        event_id,
        source_system,
        source_consent_id,
        record_key,

        -- identifiers
        customer_id,
        user_id,
        email,
        phone,
        anonymous_consent_id,

        -- attributes
        purpose,
        consent_channel,
        source_consent_status,
        is_granted,

        -- times
        stated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
