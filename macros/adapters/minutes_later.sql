{# A moment so many minutes later; of the moment's own type. #}
{% macro minutes_later(expression, minutes) -%}
    {{ return(adapter.dispatch('minutes_later', 'customer360')(expression, minutes)) }}
{%- endmacro %}

{% macro default__minutes_later(expression, minutes) -%}
    {{ dbt.dateadd('minute', minutes, expression) }}
{%- endmacro %}

{# dbt.dateadd makes a datetime of it, which cannot be compared with a timestamp there. #}
{% macro bigquery__minutes_later(expression, minutes) -%}
    timestamp_add({{ expression }}, interval {{ minutes }} minute)
{%- endmacro %}
