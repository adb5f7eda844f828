{# A field of a nested column as text. `path`: names of fields, from the outermost in. #}
{% macro nested_text(column, path) -%}
    {{ return(adapter.dispatch('nested_text', 'customer360')(column, path)) }}
{%- endmacro %}

{% macro default__nested_text(column, path) -%}
    cast({{ column }}.{{ path | join('.') }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro snowflake__nested_text(column, path) -%}
    cast({{ column }}['{{ path | join("']['") }}'] as {{ dbt.type_string() }})
{%- endmacro %}
