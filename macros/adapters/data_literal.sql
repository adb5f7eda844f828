{# A SQL literal of any text, quotes and line ends included. #}
{% macro data_literal(text) -%}
    {{ return(adapter.dispatch('data_literal', 'customer360')(text)) }}
{%- endmacro %}

{% macro default__data_literal(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{% macro snowflake__data_literal(text) -%}
    {{ return("'" ~ text | replace("\\", "\\\\") | replace("'", "\\'") | replace("\n", "\\n") | replace("\r", "\\r") ~ "'") }}
{%- endmacro %}

{% macro bigquery__data_literal(text) -%}
    {{ return("'" ~ text | replace("\\", "\\\\") | replace("'", "\\'") | replace("\n", "\\n") | replace("\r", "\\r") ~ "'") }}
{%- endmacro %}
