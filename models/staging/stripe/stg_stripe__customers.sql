with

judged as (

    select * from {{ ref('base_stripe__customers') }}

),

kept as (

    select
        -- keys
        source_system,
        source_stripe_customer_id,
        record_key,

        -- identifiers
        stripe_customer_id,
        customer_id,
        user_id,
        email,
        phone,

        -- attributes
        full_name,
        country,
        region,
        city,
        postal_code,
        address_line,
        currency,
        is_delinquent,

        -- times
        created_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
