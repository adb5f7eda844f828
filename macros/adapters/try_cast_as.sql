{% macro try_cast_as(expression, type) -%}
    {{ return(adapter.dispatch('try_cast_as', 'customer360')(expression, type)) }}
{%- endmacro %}

{% macro default__try_cast_as(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{% macro bigquery__try_cast_as(expression, type) -%}
    safe_cast({{ expression }} as {{ type }})
{%- endmacro %}
