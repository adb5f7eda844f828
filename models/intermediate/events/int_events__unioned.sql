{{ config(materialized='view') }}

with

{% for model, entry in entries_with('events') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
unioned as (

    {% for model, entry in entries_with('events') %}
    select
        record_key,
        source_system,
        {{ listed_column('user_id', entry.identifiers) }} as user_id,
        {{ listed_column('device_id', entry.identifiers) }} as device_id,
        {% for column, type in event_columns().items() %}
        cast({{ entry.events.get(column, 'null') }} as {{ type }}) as {{ column }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ model }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from unioned
