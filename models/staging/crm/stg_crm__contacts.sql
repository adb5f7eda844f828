with

judged as (

    select * from {{ ref('base_crm__contacts') }}

),

kept as (

    select
        -- keys
        record_key,
        source_system,
        crm_contact_id,

        -- identifiers
        customer_id,
        user_id,
        loyalty_id,
        email,
        phone,

        -- attributes
        first_name,
        last_name,
        full_name,
        company,
        date_of_birth,
        gender,
        language,
        country,
        region,
        city,
        postal_code,
        address_line,
        lifecycle_status,
        opt_in_status,

        -- times
        created_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
