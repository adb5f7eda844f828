with

{% for model in setting('source_entries') %}
{{ model | replace('stg_', 'base_', 1) }} as (

    select * from {{ ref(model | replace('stg_', 'base_', 1)) }}

),

{% endfor %}
judged as (

    {% for model in setting('source_entries') %}
    select
        '{{ model[4:].replace("__", ".", 1) }}' as source_contract,
        source_system,
        source_file,
        row_status,
        min(file_loaded_at) as first_loaded_at,
        max(file_loaded_at) as loaded_at,
        count(*) as row_count
    from {{ model | replace('stg_', 'base_', 1) }}
    where source_file is not null
    group by source_system, source_file, row_status
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

counted as (

    select
        source_contract || ':' || source_system || ':' || source_file as file_key,
        source_contract,
        source_system,
        source_file,
        sum(row_count) as rows_read,
        sum(case when row_status = 'kept' then row_count else 0 end) as rows_kept,
        sum(case when row_status = 'duplicate' then row_count else 0 end) as duplicates_removed,
        sum(case when row_status = 'quarantined' then row_count else 0 end) as rows_quarantined,
        min(first_loaded_at) as first_loaded_at,
        max(loaded_at) as loaded_at
    from judged
    group by source_contract, source_system, source_file

)

select * from counted
