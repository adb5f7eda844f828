with

{% for model, entry in entries_with('identifiers') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
{% for model, entry in entries_with('identifiers') %}
{{ model }}_counted as (

    select
        source_system,
        {% for column in entry.identifiers + (entry.many_valued or []) %}
        count({{ column }}) as {{ column }}_count,
        {% endfor %}
        count(*) as row_count
    from {{ model }}
    group by source_system

),

{% endfor %}
counted as (

    {% for model, entry in entries_with('identifiers') %}
    {% set is_last_entry = loop.last %}
    {% for column in entry.identifiers + (entry.many_valued or []) %}
    select
        source_system,
        '{{ model.split("__")[1] }}' as source_entity,
        '{{ column }}' as identifier_column,
        row_count,
        row_count - {{ column }}_count as rows_without
    from {{ model }}_counted
    {% if not (loop.last and is_last_entry) %}union all{% endif %}
    {% endfor %}
    {% endfor %}

)

select * from counted
