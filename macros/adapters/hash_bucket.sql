{# The first 28 bits of the text's MD5, as a number, modulo the count. #}
{% macro hash_bucket(expression, buckets) -%}
    {{ return(adapter.dispatch('hash_bucket', 'customer360')(expression, buckets)) }}
{%- endmacro %}

{% macro default__hash_bucket(expression, buckets) -%}
    mod(cast('0x' || substr({{ dbt.hash(expression) }}, 1, 7) as {{ dbt.type_bigint() }}), {{ buckets }})
{%- endmacro %}

{# Hexadecimal text is no number there: digit by digit. #}
{% macro snowflake__hash_bucket(expression, buckets) -%}
    {%- set digits = [] -%}
    {%- for place in range(1, 8) -%}
        {%- set digit = "substr(" ~ dbt.hash(expression) ~ ", " ~ place ~ ", 1)" -%}
        {%- do digits.append("(position(" ~ digit ~ ", '0123456789abcdef') - 1) * " ~ 16 ** (7 - place)) -%}
    {%- endfor -%}
    mod({{ digits | join(' + ') }}, {{ buckets }})
{%- endmacro %}
