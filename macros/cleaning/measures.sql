{# Counts of a mart: whole numbers, 0 where there is nothing to count. #}
{% macro count_or_zero(expression) -%}
    cast(coalesce({{ expression }}, 0) as {{ dbt.type_int() }})
{%- endmacro %}

{# Money of a mart: two decimals, 0 where nothing was taken. #}
{% macro amount_or_zero(expression) -%}
    cast(coalesce({{ expression }}, 0) as decimal(18, 2))
{%- endmacro %}

{# A sum of money over a group's rows that meet a condition; 0 where none does. #}
{% macro sum_amount_where(amount, condition) -%}
    cast(sum(case when {{ condition }} then coalesce({{ amount }}, 0) else 0 end) as decimal(18, 2))
{%- endmacro %}

{# A sum of money per piece, half a cent up. In whole cents, because engines divide decimals each in
   their own way, some through binary fractions that have no half cent. #}
{% macro average_amount(total, count) -%}
    {%- set cents = 'cast(' ~ total ~ ' * 100 as ' ~ dbt.type_bigint() ~ ')' -%}
    cast(floor((2 * {{ cents }} + {{ count }}) / nullif(2 * {{ count }}, 0)) / 100 as decimal(18, 2))
{%- endmacro %}

{# How many of a group's rows meet a condition. #}
{% macro count_where(condition) -%}
    sum(case when {{ condition }} then 1 else 0 end)
{%- endmacro %}

{# Calendar days from one time to another; null where either is. #}
{% macro days_between(earlier, later) -%}
    cast({{ dbt.datediff(earlier, later, 'day') }} as {{ dbt.type_int() }})
{%- endmacro %}
