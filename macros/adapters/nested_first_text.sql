{# A field of the first member of a nested list, as text; null where the list is empty. #}
{% macro nested_first_text(column, field) -%}
    {{ return(adapter.dispatch('nested_first_text', 'customer360')(column, field)) }}
{%- endmacro %}

{% macro default__nested_first_text(column, field) -%}
    cast({{ column }}[1].{{ field }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro snowflake__nested_first_text(column, field) -%}
    cast(get_path({{ column }}, '[0].{{ field }}') as {{ dbt.type_string() }})
{%- endmacro %}

{% macro bigquery__nested_first_text(column, field) -%}
    cast({{ column }}[safe_offset(0)].{{ field }} as {{ dbt.type_string() }})
{%- endmacro %}
