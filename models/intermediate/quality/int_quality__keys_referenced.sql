with

{% for model in referenced_keys() | map(attribute=0) | unique %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
keys_referenced as (

    {% for model, key in referenced_keys() %}
    select distinct
        '{{ model }}' as referenced_model,
        '{{ key }}' as referenced_key,
        {{ key }} as reference_value
    from {{ model }}
    where {{ key }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
    {% if not referenced_keys() %}
    select
        {% for column in ('referenced_model', 'referenced_key', 'reference_value') %}
        cast(null as {{ dbt.type_string() }}) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    limit 0
    {% endif %}

)

select * from keys_referenced
