{# Null is left out; a group without values gives null (an empty list on BigQuery, which has no
   null lists). #}
{% macro list_agg(expression, order_by) -%}
    {{ return(adapter.dispatch('list_agg', 'customer360')(expression, order_by)) }}
{%- endmacro %}

{% macro default__list_agg(expression, order_by) -%}
    list({{ expression }} order by {{ order_by }}) filter (where {{ expression }} is not null)
{%- endmacro %}

{% macro snowflake__list_agg(expression, order_by) -%}
    case
        when count({{ expression }}) > 0
            then array_agg({{ expression }}) within group (order by {{ order_by }})
    end
{%- endmacro %}

{% macro bigquery__list_agg(expression, order_by) -%}
    array_agg({{ expression }} ignore nulls order by {{ order_by }})
{%- endmacro %}
