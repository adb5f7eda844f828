{# Sort keys of an `order by`, also inside an aggregate, where not every engine takes `nulls last`. #}
{% macro nulls_last(expression, direction='asc') -%}
    case when {{ expression }} is null then 1 else 0 end, {{ expression }} {{ direction }}
{%- endmacro %}
