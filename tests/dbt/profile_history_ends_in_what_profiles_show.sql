{# Remembered fields whose current value is not what the profile shows. #}
{% set fields = profile_history_fields() %}

with

profiles as (

    select * from {{ ref('customer360_profiles') }}

),

current_values as (

    select * from {{ ref('customer360_profiles_history') }}
    where is_current

),

shown as (

    {% for field, type in fields.items() %}
    select
        customer360_id,
        '{{ field }}' as field,
        {{ value_text(field, type) }} as field_value
    from profiles
    where {{ field }} is not null
    union all
    {% endfor %}
    select
        customer360_id,
        'none' as field,
        cast(null as {{ dbt.type_string() }}) as field_value
    from profiles
    where 1 = 0

)

select
    coalesce(shown.customer360_id, current_values.customer360_id) as customer360_id,
    coalesce(shown.field, current_values.field) as field
from shown
full outer join current_values
    on
        shown.customer360_id = current_values.customer360_id
        and shown.field = current_values.field
where shown.field_value is distinct from current_values.field_value
