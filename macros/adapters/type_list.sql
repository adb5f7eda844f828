{# The type of a list of texts. #}
{% macro type_list() -%}
    {{ return(adapter.dispatch('type_list', 'customer360')()) }}
{%- endmacro %}

{% macro default__type_list() -%}
    varchar[]
{%- endmacro %}

{% macro snowflake__type_list() -%}
    array
{%- endmacro %}

{% macro bigquery__type_list() -%}
    array<string>
{%- endmacro %}
