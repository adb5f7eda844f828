with

remembered as (

    {{ state_before('profile_versions') | indent(4) }}

),

fields as (

    select * from {{ ref('int_state__profile_fields') }}

),

compared as (

    select
        coalesce(fields.profile_field, remembered.profile_field) as profile_field,
        fields.field_value,
        remembered.field_value as field_value_before,
        fields.profile_field is null as is_removed
    from fields
    full outer join remembered
        on fields.profile_field = remembered.profile_field

),

-- Neither side holds a null.
changed as (

    select
        profile_field,
        field_value,
        is_removed
    from compared
    where field_value is distinct from field_value_before

)

select * from changed
