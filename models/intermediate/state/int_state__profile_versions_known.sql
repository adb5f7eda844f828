with

versions as (

    {{ state_after('profile_versions') | indent(4) }}

),

known as (

    select
        {{ nth_part('profile_field', ':', 1) }} as customer360_id,
        {{ nth_part('profile_field', ':', 2) }} as field,
        field_value,
        valid_from_generation,
        valid_to_generation
    from versions

)

select * from known
