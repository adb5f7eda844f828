{# A value as text that is the same on every engine; times to the second. `type` as in the yml of a mart. #}
{% macro value_text(expression, type) -%}
    {{ return(adapter.dispatch('value_text', 'customer360')(expression, type | lower)) }}
{%- endmacro %}

{% macro default__value_text(expression, type) -%}
    {%- if type == 'timestamp' -%}
    strftime({{ expression }}, '%Y-%m-%d %H:%M:%S')
    {%- else -%}
    cast({{ expression }} as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}

{# How dates and times are cast to text is a setting of the session there. #}
{% macro snowflake__value_text(expression, type) -%}
    {%- if type == 'timestamp' -%}
    to_char(date_trunc('second', {{ expression }}), 'YYYY-MM-DD HH24:MI:SS')
    {%- elif type == 'date' -%}
    to_char({{ expression }}, 'YYYY-MM-DD')
    {%- else -%}
    cast({{ expression }} as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}

{# A cast there leaves out the zeros at the end of a decimal. #}
{% macro bigquery__value_text(expression, type) -%}
    {%- set places = modules.re.match('^decimal *[(] *[0-9]+ *, *([0-9]+) *[)]$', type) -%}
    {%- if type == 'timestamp' -%}
    format_timestamp('%F %T', {{ expression }})
    {%- elif places -%}
    format('%.{{ places.group(1) }}f', {{ expression }})
    {%- else -%}
    cast({{ expression }} as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
