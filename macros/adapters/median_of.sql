{% macro median_of(expression) -%}
    {{ return(adapter.dispatch('median_of', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__median_of(expression) -%}
    quantile_cont(cast({{ expression }} as {{ dbt.type_float() }}), 0.5)
{%- endmacro %}

{% macro snowflake__median_of(expression) -%}
    percentile_cont(0.5) within group (order by cast({{ expression }} as {{ dbt.type_float() }}))
{%- endmacro %}

{# percentile_cont is no aggregate there: the mean of the two values in the middle, which are one
   where the count is odd. #}
{% macro bigquery__median_of(expression) -%}
    {%- set ordered -%}
        array_agg(
            cast({{ expression }} as {{ dbt.type_float() }}) ignore nulls order by {{ expression }}
        )
    {%- endset -%}
    (
        {{ ordered }}[safe_offset(div((count({{ expression }}) - 1), 2))]
        + {{ ordered }}[safe_offset(div(count({{ expression }}), 2))]
    ) / 2
{%- endmacro %}
