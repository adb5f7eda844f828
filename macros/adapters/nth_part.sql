{# Not split_part: a macro of that name would take the place of dbt's own. #}
{% macro nth_part(expression, delimiter, number) -%}
    {{ return(adapter.dispatch('nth_part', 'customer360')(expression, delimiter, number)) }}
{%- endmacro %}

{% macro default__nth_part(expression, delimiter, number) -%}
    nullif(split_part({{ expression }}, '{{ delimiter }}', {{ number }}), '')
{%- endmacro %}

{% macro bigquery__nth_part(expression, delimiter, number) -%}
    nullif(split({{ expression }}, '{{ delimiter }}')[safe_offset({{ number - 1 }})], '')
{%- endmacro %}
