{# Counts of a mart: whole numbers, 0 where there is nothing to count. #}
{% macro count_or_zero(expression) -%}
    cast(coalesce({{ expression }}, 0) as {{ dbt.type_int() }})
{%- endmacro %}

{# A decimal as it stands in JSON: engines differ in the zeros that they write behind the point. #}
{% macro number_text(expression) -%}
    {%- set text = "cast(" ~ expression ~ " as " ~ dbt.type_string() ~ ")" -%}
    case
        when {{ text }} like '%.%' then rtrim(rtrim({{ text }}, '0'), '.')
        else {{ text }}
    end
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

{# Money in the reporting currency; null where it is in another one without a rate. #}
{% macro converted_amount(amount, currency, rate) -%}
    case
        when {{ currency }} = '{{ var("reporting_currency") }}' then cast({{ amount }} as decimal(18, 2))
        else cast(round(cast({{ amount }} as decimal(18, 2)) * {{ rate }}, 2) as decimal(18, 2))
    end
{%- endmacro %}

{# A count as a share of another, to four decimals, half of the last one up; null where that is 0. #}
{% macro share_of(part, whole) -%}
    cast(floor((20000 * {{ part }} + {{ whole }}) / nullif(2 * {{ whole }}, 0)) / 10000 as decimal(5, 4))
{%- endmacro %}

{# Seconds from one time to another, by a clock that shows whole seconds; null where either is. Cut to
   seconds first, because engines differ on what fractions add up to. #}
{% macro seconds_between(earlier, later) -%}
    {%- set first, last = dbt.date_trunc('second', earlier), dbt.date_trunc('second', later) -%}
    cast({{ dbt.datediff(first, last, 'second') }} as {{ dbt.type_int() }})
{%- endmacro %}

{# Whether the customer did what the event tells: what was sent to somebody he has not done. #}
{% macro is_done_by_customer(event_name) -%}
    not {{ regexp_contains(event_name, '^(email|push|sms)_(sent|received|delivered|bounce)$') }}
{%- endmacro %}
