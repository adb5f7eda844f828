with

{% for model, entry in entries_with('identifiers') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
-- Rows of one record agree on every identifier, so that any of them (max) will do.
records as (

    {% for model, entry in entries_with('identifiers') %}
    select
        record_key,
        source_system,
        '{{ model.split("__")[1] }}' as source_entity,
        max({{ entry.shown_id }}) as shown_id,
        {% for type in identifier_types() %}
        max({{ listed_column(type, entry.identifiers) }}) as {{ type }},
        {% endfor %}
        min({{ earliest(entry.first_seen_at, entry.last_seen_at) }}) as first_seen_at,
        max({{ latest(entry.first_seen_at, entry.last_seen_at) }}) as last_seen_at,
        count(*) as row_count
    from {{ model }}
    group by record_key, source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- Oldest first, so that the least number of a group is its oldest record, whose name it takes.
numbered as (

    select
        row_number() over (order by first_seen_at nulls last, record_key) as record_no,
        *
    from records

)

select * from numbered
