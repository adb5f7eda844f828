{# One JSON object of a group's rows, as text; keys in alphabetical order. `json` is JSON text. #}
{% macro json_object_agg(key, json) -%}
    {{ return(adapter.dispatch('json_object_agg', 'customer360')(key, json)) }}
{%- endmacro %}

{% macro default__json_object_agg(key, json) -%}
    '{' || {{ dbt.listagg("'\"' || " ~ key ~ " || '\": ' || " ~ json, "', '", "order by " ~ key) }} || '}'
{%- endmacro %}
