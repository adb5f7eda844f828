{# A nested column as JSON text. #}
{% macro nested_json(column) -%}
    {{ return(adapter.dispatch('nested_json', 'customer360')(column)) }}
{%- endmacro %}

{% macro default__nested_json(column) -%}
    cast(to_json({{ column }}) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro snowflake__nested_json(column) -%}
    to_json({{ column }})
{%- endmacro %}

{% macro bigquery__nested_json(column) -%}
    nullif(to_json_string({{ column }}), 'null')
{%- endmacro %}
