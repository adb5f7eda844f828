{# The Monday of a date's week, whatever day a session's weeks begin with. #}
{% macro iso_week_start(expression) -%}
    {{ return(adapter.dispatch('iso_week_start', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__iso_week_start(expression) -%}
    cast(date_trunc('week', cast({{ expression }} as date)) as date)
{%- endmacro %}

{% macro snowflake__iso_week_start(expression) -%}
    dateadd('day', 1 - dayofweekiso(cast({{ expression }} as date)), cast({{ expression }} as date))
{%- endmacro %}

{% macro bigquery__iso_week_start(expression) -%}
    date_trunc(cast({{ expression }} as date), isoweek)
{%- endmacro %}
