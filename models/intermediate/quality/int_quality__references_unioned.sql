{{ config(materialized='view') }}

{% set references = all_references() %}

with

{% for model in references | map(attribute=0) | unique %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
unioned as (

    {% for model, entry, reference in references %}
    select
        source_system,
        '{{ model.split("__")[1] }}' as source_entity,
        {{ entry.source_key }} as source_record_id,
        '{{ reference.column }}' as reference_column,
        {{ reference.column }} as reference_value,
        '{{ reference.model }}' as referenced_model,
        '{{ reference.key }}' as referenced_key
    from {{ model }}
    where {{ reference.column }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
    {% if not references %}
    select
        {% for column in (
            'source_system', 'source_entity', 'source_record_id', 'reference_column',
            'reference_value', 'referenced_model', 'referenced_key'
        ) %}
        cast(null as {{ dbt.type_string() }}) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    limit 0
    {% endif %}

)

select * from unioned
