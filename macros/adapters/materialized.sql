{# Between `as` and the bracket of a CTE whose expressions are dear. Without it DuckDB puts them into every
   filter that it moves down. The other engines know no such word. #}
{% macro materialized() -%}
    {{ return(adapter.dispatch('materialized', 'customer360')()) }}
{%- endmacro %}

{% macro default__materialized() -%}
{%- endmacro %}

{% macro duckdb__materialized() -%}
    materialized
{%- endmacro %}
