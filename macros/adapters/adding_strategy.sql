{# The incremental strategy that only adds rows; what they replace has gone before, in a pre-hook. #}
{% macro adding_strategy() -%}
    {{ return(adapter.dispatch('adding_strategy', 'customer360')()) }}
{%- endmacro %}

{% macro default__adding_strategy() -%}
    {{ return('append') }}
{%- endmacro %}

{# A merge without a key adds every row. #}
{% macro bigquery__adding_strategy() -%}
    {{ return('merge') }}
{%- endmacro %}
