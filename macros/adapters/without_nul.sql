{# Text without the character of code 0, which no SQL literal can hold. #}
{% macro without_nul(expression) -%}
    {{ return(adapter.dispatch('without_nul', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__without_nul(expression) -%}
    replace({{ expression }}, chr(0), '')
{%- endmacro %}

{% macro bigquery__without_nul(expression) -%}
    replace({{ expression }}, code_points_to_string([0]), '')
{%- endmacro %}
