{% set timed = timed_entries() %}

with

{% for model, _ in timed %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
measured as (

    {% for model, times in timed %}
    {% set is_last_entry = loop.last %}
    {% for kind, expression in times.items() %}
    select
        source_system,
        '{{ model.split("__")[1] }}' as source_entity,
        '{{ kind }}' as time_kind,
        count(*) as row_count,
        count({{ expression }}) as rows_with_time,
        cast(max({{ expression }}) as {{ dbt.type_timestamp() }}) as latest_at
    from {{ model }}
    group by source_system
    {% if not (loop.last and is_last_entry) %}union all{% endif %}
    {% endfor %}
    {% endfor %}

)

select * from measured
