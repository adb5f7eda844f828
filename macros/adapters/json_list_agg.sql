{# A group's text values as the text of a JSON list; null where there are none. #}
{% macro json_list_agg(expression, order_by) -%}
    {{ return(adapter.dispatch('json_list_agg', 'customer360')(expression, order_by)) }}
{%- endmacro %}

{% macro default__json_list_agg(expression, order_by) -%}
    cast(to_json({{ list_agg(expression, order_by) }}) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro snowflake__json_list_agg(expression, order_by) -%}
    to_json({{ list_agg(expression, order_by) }})
{%- endmacro %}

{% macro bigquery__json_list_agg(expression, order_by) -%}
    nullif(to_json_string({{ list_agg(expression, order_by) }}), 'null')
{%- endmacro %}
