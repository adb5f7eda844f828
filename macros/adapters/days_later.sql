{# A moment so many days later, or earlier where `days` is below zero; of the moment's own type. #}
{% macro days_later(expression, days) -%}
    {{ return(adapter.dispatch('days_later', 'customer360')(expression, days)) }}
{%- endmacro %}

{% macro default__days_later(expression, days) -%}
    {{ dbt.dateadd('day', days, expression) }}
{%- endmacro %}

{# dbt.dateadd makes a datetime of it, which cannot be compared with a timestamp there. #}
{% macro bigquery__days_later(expression, days) -%}
    timestamp_add({{ expression }}, interval {{ days }} day)
{%- endmacro %}
