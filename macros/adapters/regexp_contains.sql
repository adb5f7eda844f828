{% macro regexp_contains(expression, pattern) -%}
    {{ return(adapter.dispatch('regexp_contains', 'customer360')(expression, pattern)) }}
{%- endmacro %}

{% macro default__regexp_contains(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{# regexp_like is anchored at both ends there. Not between double dollars: the first two dollars end
   such a literal, and patterns end in one. #}
{% macro snowflake__regexp_contains(expression, pattern) -%}
    regexp_instr({{ expression }}, {{ snowflake__text_literal(pattern) }}) > 0
{%- endmacro %}

{% macro bigquery__regexp_contains(expression, pattern) -%}
    regexp_contains({{ expression }}, r'{{ pattern }}')
{%- endmacro %}
