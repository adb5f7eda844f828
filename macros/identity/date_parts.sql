{# Parts of a date as text (YYYY-MM-DD), for dates of which one part is often mistyped. #}
{% macro year_and_month(expression) -%}
    substr({{ expression }}, 1, 7)
{%- endmacro %}

{% macro month_and_day(expression) -%}
    substr({{ expression }}, 6, 5)
{%- endmacro %}
