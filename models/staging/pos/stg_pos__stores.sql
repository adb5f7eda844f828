with

judged as (

    select * from {{ ref('base_pos__stores') }}

),

kept as (

    select
        -- keys
        store_key,
        source_system,
        source_store_id,

        -- identifiers
        store_id,

        -- attributes
        store_name,
        country,
        region,
        city,
        postal_code,

        -- times
        opened_at,
        updated_at,
        loaded_at
    from judged
    where row_status = 'kept'

)

select * from kept
