{# Counts the raw rows anew and holds the judged ones against them: a join that multiplied or lost a
   row shows here. Returns the systems whose counts differ. #}
{% test accounts_for_every_raw_row(model, source_name, table_name) %}

with

raw_rows as (

    select
        source_system,
        count(*) as raw_count
    from {{ raw(source_name, table_name) }} as raw_rows
    group by source_system

),

judged_rows as (

    select
        source_system,
        sum(case when row_status = 'kept' then 1 else 0 end) as kept_count,
        sum(case when row_status = 'duplicate' then 1 else 0 end) as duplicate_count,
        sum(case when row_status = 'quarantined' then 1 else 0 end) as quarantined_count
    from {{ model }}
    group by source_system

),

differences as (

    select
        coalesce(raw_rows.source_system, judged_rows.source_system) as source_system,
        raw_rows.raw_count,
        judged_rows.kept_count + judged_rows.duplicate_count + judged_rows.quarantined_count as judged_count
    from raw_rows
    full outer join judged_rows
        on raw_rows.source_system = judged_rows.source_system

)

select * from differences
where coalesce(raw_count, -1) <> coalesce(judged_count, -1)

{% endtest %}
