with

profiles as (

    select * from {{ ref('int_profile__assembled') }}

),

fields as (

    {% for field, type in profile_history_fields().items() %}
    select
        customer360_id || ':{{ field }}' as profile_field,
        {{ value_text(field, type) }} as field_value
    from profiles
    where {{ field }} is not null
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select
        customer360_id as profile_field,
        cast(null as {{ dbt.type_string() }}) as field_value
    from profiles
    where 1 = 0
    {% endfor %}

)

select * from fields
