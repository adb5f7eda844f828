{# Fails for each of the columns that is null in some row. One pass and one node for all of them, because
   to start a test takes longer than to run it. #}
{% test has_no_nulls(model, columns) %}

with

counted as (

    select
        {% for column in columns %}
        {{ count_where(column ~ ' is null') }} as {{ column }}{{ "," if not loop.last }}
        {% endfor %}
    from {{ model }}

),

found as (

    {% for column in columns %}
    select
        '{{ column }}' as column_name,
        {{ column }} as rows_count
    from counted
    where {{ column }} > 0
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from found

{% endtest %}
