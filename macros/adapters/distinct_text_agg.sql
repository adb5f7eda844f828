{# A group's different texts in alphabetical order, in one text. #}
{% macro distinct_text_agg(expression, separator) -%}
    {{ return(adapter.dispatch('distinct_text_agg', 'customer360')(expression, separator)) }}
{%- endmacro %}

{% macro default__distinct_text_agg(expression, separator) -%}
    string_agg(distinct {{ expression }}, '{{ separator }}' order by {{ expression }})
{%- endmacro %}

{# A group without text gives an empty one there. #}
{% macro snowflake__distinct_text_agg(expression, separator) -%}
    nullif(
        listagg(distinct {{ expression }}, '{{ separator }}') within group (order by {{ expression }}),
        ''
    )
{%- endmacro %}
