with

{% for model in setting('source_entries') %}
{{ model | replace('stg_', 'base_', 1) }} as (

    select * from {{ ref(model | replace('stg_', 'base_', 1)) }}

),

{% endfor %}
quarantined as (

    {% for model, entry in setting('source_entries').items() %}
    select
        source_system,
        '{{ model.split("__")[1] }}' as source_entity,
        {{ entry.source_key }} as source_record_id,
        quarantine_reason as reason,
        raw_row,
        source_file
    from {{ model | replace('stg_', 'base_', 1) }}
    where row_status = 'quarantined'
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- The same bad row sent twice is one line that counts two.
counted as (

    select
        {{ dbt.hash("source_system || ':' || source_entity || ':' || raw_row") }} as quarantine_id,
        source_system,
        source_entity,
        source_record_id,
        reason,
        raw_row,
        {{ distinct_text_agg('source_file', ', ') }} as source_files,
        count(*) as row_count
    from quarantined
    group by source_system, source_entity, source_record_id, reason, raw_row

)

select * from counted
