{# A column where a source entry lists it, else null of its type. #}
{% macro listed_column(column, listed, type=none) -%}
    {%- if column in (listed or []) -%}
        {{ column }}
    {%- else -%}
        cast(null as {{ type or dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
