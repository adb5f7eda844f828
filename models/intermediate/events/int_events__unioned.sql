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
        {{ "user_id" if "user_id" in entry.identifiers else "cast(null as " ~ dbt.type_string() ~ ")" }} as user_id,
        {{ "device_id" if "device_id" in entry.identifiers else "cast(null as " ~ dbt.type_string() ~ ")" }} as device_id,
        {%- for column, type in event_columns().items() %}
        cast({{ entry.events.get(column, 'null') }} as {{ type }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ model }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from unioned
