with

judged as (

    select * from {{ ref('base_enrichment__people') }}

),

kept as (

    select
        -- keys
        source_system,
        source_enrichment_id,
        record_key,

        -- identifiers
        customer_id,
        user_id,
        email,
        phone,

        -- attributes
        first_name,
        last_name,
        date_of_birth,
        gender,
        country,
        region,
        city,
        postal_code,
        address_line,
        interests,
        currency,
        income_bracket,
        credit_tier,

        -- measures
        birth_year,
        monthly_income,
        credit_score,

        -- times
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
