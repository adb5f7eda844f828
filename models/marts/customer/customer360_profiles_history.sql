with

versions as (

    select * from {{ ref('int_state__profile_versions_known') }}

),

generations as (

    select * from {{ ref('int_state__generations_known') }}

),

final as (

    select
        -- keys
        versions.customer360_id,

        -- attributes
        versions.field,
        versions.field_value,
        versions.valid_to_generation is null as is_current,

        -- measures
        versions.valid_from_generation,
        versions.valid_to_generation,

        -- times
        begun.generated_at as valid_from_at,
        ended.generated_at as valid_to_at
    from versions
    inner join generations as begun
        on versions.valid_from_generation = begun.generation_no
    left join generations as ended
        on versions.valid_to_generation = ended.generation_no

)

select * from final
