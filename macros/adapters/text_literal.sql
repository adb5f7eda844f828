{# A SQL literal of characters that a person cannot see. Where an engine reads escapes they are
   written as such, because it refuses line ends inside a literal. #}
{% macro text_literal(text) -%}
    {{ return(adapter.dispatch('text_literal', 'customer360')(text)) }}
{%- endmacro %}

{% macro default__text_literal(text) -%}
    '{{ text }}'
{%- endmacro %}

{% macro snowflake__text_literal(text) -%}
    '{{ tojson(text)[1:-1] }}'
{%- endmacro %}

{% macro bigquery__text_literal(text) -%}
    '{{ tojson(text)[1:-1] }}'
{%- endmacro %}
