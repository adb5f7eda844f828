with

versions as (

    select * from {{ ref('int_state__ledger_versions') }}

),

generations as (

    select * from {{ ref('int_state__generations_known') }}

),

final as (

    select
        versions.record_key,
        versions.customer360_id,
        versions.record_role,
        versions.valid_to_generation is null as is_current,
        versions.valid_from_generation,
        versions.valid_to_generation,
        begun.generated_at as valid_from_at,
        ended.generated_at as valid_to_at
    from versions
    inner join generations as begun
        on versions.valid_from_generation = begun.generation_no
    left join generations as ended
        on versions.valid_to_generation = ended.generation_no

)

select * from final
