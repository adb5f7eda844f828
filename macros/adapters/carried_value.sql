{# The nearest known value of `expression` at or before (`back`), before (`before`), or at or after
   (`ahead`) the row. #}
{% macro carried_value(expression, partition_by, order_by, direction) -%}
    {{ return(adapter.dispatch('carried_value', 'customer360')(expression, partition_by, order_by, direction)) }}
{%- endmacro %}

{% macro default__carried_value(expression, partition_by, order_by, direction) -%}
    {%- if direction in ('back', 'before') -%}
    last_value({{ expression }} ignore nulls) over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between unbounded preceding and {{ 'current row' if direction == 'back' else '1 preceding' }}
    )
    {%- else -%}
    first_value({{ expression }} ignore nulls) over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between current row and unbounded following
    )
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__carried_value(expression, partition_by, order_by, direction) -%}
    {%- if direction in ('back', 'before') -%}
    last_value({{ expression }}) ignore nulls over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between unbounded preceding and {{ 'current row' if direction == 'back' else '1 preceding' }}
    )
    {%- else -%}
    first_value({{ expression }}) ignore nulls over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between current row and unbounded following
    )
    {%- endif -%}
{%- endmacro %}
