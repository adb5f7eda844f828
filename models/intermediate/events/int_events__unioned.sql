{{ config(materialized='view') }}

with

told_twice as (

    select * from {{ ref('int_events__told_twice') }}

),

{% for model, entry in entries_with('events') if not entry.parent %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
-- Rows without identifiers of their own belong to the record of their parent, and one without a
-- time may be told by when that was first seen.
{% for model, entry in entries_with('events') if entry.parent %}
{{ model }}_parents as (

    select
        {{ entry.parent.key }} as parent_key,
        min(record_key) as record_key,
        min({{ setting('source_entries')[entry.parent.model].first_seen_at }}) as parent_seen_at
    from {{ ref(entry.parent.model) }}
    group by {{ entry.parent.key }}

),

{{ model }} as (

    select
        children.*,
        parents.record_key,
        parents.parent_seen_at
    from {{ ref(model) }} as children
    inner join {{ model }}_parents as parents
        on children.{{ entry.parent.key }} = parents.parent_key

),

{% endfor %}
unioned as (

    {% for model, entry in entries_with('events') %}
    select
        record_key,
        source_system,
        {{ listed_column('user_id', entry.identifiers) }} as user_id,
        {{ listed_column('device_id', entry.identifiers) }} as device_id,
        {{ listed_column('cookie_id', entry.identifiers) }} as cookie_id,
        {% for column, type in event_columns().items() %}
        cast({{ entry.events.get(column, 'null') }} as {{ type }}) as {{ column }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ model }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

told_once as (

    select unioned.*
    from unioned
    left join told_twice
        on unioned.event_id = told_twice.event_id
    where told_twice.event_id is null

)

select * from told_once
