{% set null_count = 'cast(null as ' ~ dbt.type_bigint() ~ ')' %}
{# Rows, records and payments of a table, as {check: (what is counted, of what)}. #}
{% set checks_of_rows = {
    'rows_read': ('rows_read', none),
    'rows_kept': ('rows_kept', 'rows_read'),
    'duplicates_removed': ('duplicates_removed', 'rows_read'),
} %}
{% set checks_of_records = {
    'records': ('record_count', none),
    'records_matched': ('matched_count', 'record_count'),
    'records_unmatched': ('record_count - matched_count', 'record_count'),
} %}

with

row_counts as (

    select * from {{ ref('int_quality__row_counts') }}

),

identifiers as (

    select * from {{ ref('int_quality__identifiers_counted') }}

),

stated as (

    select * from {{ ref('int_quality__references_judged') }}

),

times as (

    select * from {{ ref('int_quality__times_measured') }}

),

records as (

    select * from {{ ref('int_quality__records_matched') }}

),

orders as (

    select * from {{ ref('int_orders__totalled') }}

),

refunds as (

    select * from {{ ref('int_orders__refunded') }}

),

payments as (

    select * from {{ ref('int_quality__payments_judged') }}

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

-- One row for each thing that a check looked at; without a reason where it found nothing.
looked_at as (

    select
        source_system,
        {{ dbt.split_part('order_key', "':'", 2) }} as source_entity,
        'orders_without_exchange_rate' as check_name,
        case when reporting_amount is null then currency end as reason
    from orders
    union all
    -- A refund that names no amount lacks no rate.
    select
        source_system,
        {{ dbt.split_part('refund_key', "':'", 2) }} as source_entity,
        'refunds_without_exchange_rate' as check_name,
        case when reporting_amount is null and amount <> 0 then currency end as reason
    from refunds
    union all
    select
        source_system,
        source_entity,
        check_name,
        reason
    from payments

),

found as (

    select
        source_system,
        source_entity,
        check_name,
        reason,
        count(*) as row_count,
        sum(count(*)) over (partition by source_system, source_entity, check_name) as whole_count
    from looked_at
    group by source_system, source_entity, check_name, reason

),

checks as (

    {% for check, (counted, whole) in checks_of_rows.items() %}
    select
        source_system,
        source_entity,
        '{{ check }}' as check_name,
        'all' as reason,
        {{ counted }} as row_count,
        {{ whole or null_count }} as whole_count,
        cast(null as {{ dbt.type_timestamp() }}) as latest_at
    from totals
    union all
    {% endfor %}
    select
        row_counts.source_system,
        row_counts.source_entity,
        'rows_quarantined' as check_name,
        row_counts.reason,
        row_counts.row_count,
        totals.rows_read as whole_count,
        cast(null as {{ dbt.type_timestamp() }}) as latest_at
    from row_counts
    inner join totals
        on
            row_counts.source_system = totals.source_system
            and row_counts.source_entity = totals.source_entity
    where row_counts.row_status = 'quarantined'
    union all
    select
        source_system,
        source_entity,
        'rows_without_identifier' as check_name,
        identifier_column as reason,
        rows_without as row_count,
        row_count as whole_count,
        cast(null as {{ dbt.type_timestamp() }}) as latest_at
    from identifiers
    union all
    select
        source_system,
        source_entity,
        'orphan_references' as check_name,
        reference_column as reason,
        {{ count_where('is_orphan') }} as row_count,
        count(*) as whole_count,
        cast(null as {{ dbt.type_timestamp() }}) as latest_at
    from stated
    group by source_system, source_entity, reference_column
    union all
    select
        source_system,
        source_entity,
        'freshness' as check_name,
        time_kind as reason,
        rows_with_time as row_count,
        row_count as whole_count,
        latest_at
    from times
    {% for check, (counted, whole) in checks_of_records.items() %}
    union all
    select
        source_system,
        source_entity,
        '{{ check }}' as check_name,
        'all' as reason,
        {{ counted }} as row_count,
        {{ whole or null_count }} as whole_count,
        cast(null as {{ dbt.type_timestamp() }}) as latest_at
    from records
    {% endfor %}
    union all
    select
        source_system,
        source_entity,
        check_name,
        reason,
        row_count,
        whole_count,
        cast(null as {{ dbt.type_timestamp() }}) as latest_at
    from found
    where reason is not null

),

-- The reasons of quarantined rows exclude each other, and are held against a limit together.
counted as (

    select
        source_system,
        source_entity,
        check_name,
        reason,
        cast(row_count as {{ dbt.type_bigint() }}) as row_count,
        cast(whole_count as {{ dbt.type_bigint() }}) as whole_count,
        cast(
            case
                when check_name = 'rows_quarantined'
                    then sum(row_count) over (partition by source_system, source_entity, check_name)
                else row_count
            end as {{ dbt.type_bigint() }}
        ) as limited_count,
        cast(latest_at as {{ dbt.type_timestamp() }}) as latest_at
    from checks

)

select * from counted
