{# The name of a raw column as its user wrote it, quoted because it may hold anything. #}
{% macro raw_column_name(name) -%}
    {{ return(adapter.dispatch('raw_column_name', 'customer360')(name)) }}
{%- endmacro %}

{% macro default__raw_column_name(name) -%}
    {{ adapter.quote(name) }}
{%- endmacro %}

{# Names that were made without quotes are upper case there, whoever writes them in lower case. #}
{% macro snowflake__raw_column_name(name) -%}
    {{ adapter.quote(name | upper if modules.re.match('^[a-z_][a-z0-9_]*$', name) else name) }}
{%- endmacro %}
