{# An id with its namespace before it, because equal numbers in two systems are not one id. The
   instance's namespace comes from raw() in the column <column>_namespace. #}
{% macro namespaced_id(relation, column) -%}
    {{ relation }}.{{ column }}_namespace || ':' || {{ relation }}.{{ column }}
{%- endmacro %}
