{# The namespace of an id, with its colon, and what stands after it. A value without one, such as an
   e-mail address or a phone number, has an empty namespace. #}
{% macro namespace_of(expression) -%}
    substr({{ expression }}, 1, {{ dbt.position("':'", expression) }})
{%- endmacro %}

{% macro without_namespace(expression) -%}
    substr({{ expression }}, {{ dbt.position("':'", expression) }} + 1)
{%- endmacro %}
