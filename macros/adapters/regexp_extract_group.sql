{% macro regexp_extract_group(expression, pattern) -%}
    {{ return(adapter.dispatch('regexp_extract_group', 'customer360')(expression, pattern)) }}
{%- endmacro %}

{% macro default__regexp_extract_group(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{% macro snowflake__regexp_extract_group(expression, pattern) -%}
    nullif(regexp_substr({{ expression }}, {{ snowflake__text_literal(pattern) }}, 1, 1, 'e', 1), '')
{%- endmacro %}

{% macro bigquery__regexp_extract_group(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, r'{{ pattern }}'), '')
{%- endmacro %}
