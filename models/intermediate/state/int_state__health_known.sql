with

health as (

    select * from {{ source('identity_state', 'health') }}

),

changes as (

    select * from {{ ref('int_state__health') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

-- What was valid until now stays so unless this generation changes it.
remembered as (

    select
        health.figure,
        health.figure_value,
        health.warn_above,
        health.valid_from_generation,
        case
            when health.valid_to_generation < this_generation.generation_no
                then health.valid_to_generation
            when changes.figure is not null then this_generation.generation_no
        end as valid_to_generation
    from health
    inner join this_generation
        on health.valid_from_generation < this_generation.generation_no
    left join changes
        on health.figure = changes.figure

),

added as (

    select
        changes.figure,
        changes.figure_value,
        changes.warn_above,
        this_generation.generation_no as valid_from_generation,
        cast(null as {{ dbt.type_bigint() }}) as valid_to_generation
    from changes
    cross join this_generation
    where not changes.is_removed

),

versions as (

    select * from remembered
    union all
    select * from added

)

select * from versions
