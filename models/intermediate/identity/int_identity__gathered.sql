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
        {% for field in counted_fields() if field not in identifier_types() %}
        max(
            {{ listed_column(field, entry.attributes, profile_attributes()[field]) }}
        ) as {{ field }},
        {% endfor %}
        min({{ earliest(entry.first_seen_at, entry.last_seen_at) }}) as first_seen_at,
        max({{ latest(entry.first_seen_at, entry.last_seen_at) }}) as last_seen_at,
        {% for expression in varying_expressions(entry) %}
        coalesce(
            sum({{ hash_bucket(expression, 1000003) }}), 0
        ) as varying_{{ loop.index }},
        {% endfor %}
        {% for _ in range(varying_expressions(entry) | length, most_varying()) %}
        0 as varying_{{ varying_expressions(entry) | length + loop.index }},
        {% endfor %}
        count(*) as row_count
    from {{ model }}
    group by record_key, source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- Stands for everything about a record that decides whom it belongs to.
hashed as (

    select
        {% for column in record_columns() if column != 'record_hash' %}
        {{ column }},
        {% endfor %}
        {{ dbt.hash(joined_text(hashed_expressions(), '|')) }} as record_hash
    from records

)

select * from hashed
