{% macro regexp_contains(expression, pattern) -%}
    {{ return(adapter.dispatch('regexp_contains', 'customer360')(expression, pattern)) }}
{%- endmacro %}

{% macro default__regexp_contains(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{# regexp_like is anchored at both ends there. #}
{% macro snowflake__regexp_contains(expression, pattern) -%}
    regexp_instr({{ expression }}, $${{ pattern }}$$) > 0
{%- endmacro %}

{% macro bigquery__regexp_contains(expression, pattern) -%}
    regexp_contains({{ expression }}, r'{{ pattern }}')
{%- endmacro %}
