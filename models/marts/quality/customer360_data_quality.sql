{% set key_text = "source_system || ':' || source_entity || ':' || check_name || ':' || reason" %}

with

row_counts as (

    select * from {{ ref('int_quality__row_counts') }}

),

orders as (

    select * from {{ ref('int_orders__totalled') }}

),

totals as (

    select
        source_system,
        source_entity,
        sum(row_count) as rows_read,
        sum(case when row_status = 'kept' then row_count else 0 end) as rows_kept,
        sum(case when row_status = 'duplicate' then row_count else 0 end) as duplicates_removed
    from row_counts
    group by source_system, source_entity

),

checks as (

    {% for check in ('rows_read', 'rows_kept', 'duplicates_removed') %}
    select
        source_system,
        source_entity,
        '{{ check }}' as check_name,
        'all' as reason,
        {{ check }} as row_count
    from totals
    union all
    {% endfor %}
    select
        source_system,
        source_entity,
        'rows_quarantined' as check_name,
        reason,
        sum(row_count) as row_count
    from row_counts
    where row_status = 'quarantined'
    group by source_system, source_entity, reason
    union all
    select
        source_system,
        'orders' as source_entity,
        'orders_outside_reporting_currency' as check_name,
        currency as reason,
        count(*) as row_count
    from orders
    where currency <> '{{ var("reporting_currency") }}'
    group by source_system, currency

),

final as (

    select
        {{ dbt.hash(key_text) }} as data_quality_id,
        source_system,
        source_entity,
        check_name,
        reason,
        cast(row_count as {{ dbt.type_bigint() }}) as row_count
    from checks

)

select * from final
