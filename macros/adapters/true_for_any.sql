{# Whether a condition holds for any, or for all, of a group's rows, passing over rows in which it is
   neither true nor false. #}
{% macro true_for_any(condition) -%}
    {{ return(adapter.dispatch('true_for_any', 'customer360')(condition)) }}
{%- endmacro %}

{% macro default__true_for_any(condition) -%}
    bool_or({{ condition }})
{%- endmacro %}

{% macro snowflake__true_for_any(condition) -%}
    boolor_agg({{ condition }})
{%- endmacro %}

{% macro bigquery__true_for_any(condition) -%}
    logical_or({{ condition }})
{%- endmacro %}

{% macro true_for_all(condition) -%}
    {{ return(adapter.dispatch('true_for_all', 'customer360')(condition)) }}
{%- endmacro %}

{% macro default__true_for_all(condition) -%}
    bool_and({{ condition }})
{%- endmacro %}

{% macro snowflake__true_for_all(condition) -%}
    booland_agg({{ condition }})
{%- endmacro %}

{% macro bigquery__true_for_all(condition) -%}
    logical_and({{ condition }})
{%- endmacro %}
