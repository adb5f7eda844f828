{# Text of a time as the engine's cast reads it. #}
{% macro canonical_time(expression) -%}
    {{ return(adapter.dispatch('canonical_time', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__canonical_time(expression) -%}
    {{ expression }}
{%- endmacro %}

{# The cast there wants seconds and has no more than six digits behind them. #}
{% macro bigquery__canonical_time(expression) -%}
    regexp_replace(
        regexp_replace({{ expression }}, r'^([^:]+:[0-9]{2})([^:0-9].*)?$', r'\1:00\2'),
        r'([.][0-9]{6})[0-9]+', r'\1'
    )
{%- endmacro %}
