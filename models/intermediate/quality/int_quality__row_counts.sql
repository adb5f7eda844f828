with

{% for model in setting('source_entries') %}
{{ model | replace('stg_', 'base_', 1) }} as (

    select * from {{ ref(model | replace('stg_', 'base_', 1)) }}

),

{% endfor %}
row_counts as (

    {% for model in setting('source_entries') %}
    select
        source_system,
        '{{ model.split("__")[1] }}' as source_entity,
        row_status,
        quarantine_reason as reason,
        count(*) as row_count
    from {{ model | replace('stg_', 'base_', 1) }}
    group by source_system, row_status, quarantine_reason
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from row_counts
