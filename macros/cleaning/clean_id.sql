{# An identifier as its system writes it: visible characters only, placeholders out, case kept. #}
{% macro clean_id(expression) -%}
    {{ without_placeholder(visible_text(expression)) }}
{%- endmacro %}

{# The same with its namespace before it, because equal numbers in two systems are not one id. The
   instance's namespace comes from raw() in the column <column>_namespace. #}
{% macro namespaced_id(relation, column) -%}
    {{ relation }}.{{ column }}_namespace || ':' || {{ clean_id(relation ~ '.' ~ column) }}
{%- endmacro %}
