{# The group's value of `expression` where `rank` is least, passing over rows where it is null. #}
{% macro first_value_by(expression, rank) -%}
    min_by({{ expression }}, case when {{ expression }} is not null then {{ rank }} end)
{%- endmacro %}
