with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

{% for model, entry in entries_with('metrics') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{{ model }}_sums as (

    select
        customers.customer360_id,
        {% for metric in entry.metrics %}
        sum({{ model }}.{{ metric }}) as {{ metric }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ model }}
    inner join customers
        on {{ model }}.record_key = customers.record_key
    group by customers.customer360_id

),

{% endfor %}
-- One row per customer, source and metric.
sums as (

    {% for model, metric in entry_metrics() %}
    select
        customer360_id,
        '{{ metric }}' as metric,
        cast({{ metric }} as decimal(28, 6)) as metric_sum
    from {{ model }}_sums
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select
        customer360_id,
        cast(null as {{ dbt.type_string() }}) as metric,
        cast(null as decimal(28, 6)) as metric_sum
    from customers
    where customer360_id is null
    {% endfor %}

),

-- Sources that call a number by one name mean the same.
totals as (

    select
        customer360_id,
        metric,
        sum(metric_sum) as total
    from sums
    where metric_sum is not null
    group by customer360_id, metric

),

metrics as (

    select
        customer360_id,
        {{ json_object_agg('metric', number_text('total')) }} as metrics
    from totals
    group by customer360_id

)

select * from metrics
