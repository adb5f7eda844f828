{# `pairs`: name -> SQL expression, in the order they are to appear. #}
{% macro json_object(pairs) -%}
    {{ return(adapter.dispatch('json_object', 'customer360')(pairs)) }}
{%- endmacro %}

{% macro default__json_object(pairs) -%}
    cast(
        json_object(
            {%- for name, expression in pairs.items() %}
            '{{ name }}', {{ expression }}{{ "," if not loop.last }}
            {%- endfor %}
        ) as {{ dbt.type_string() }}
    )
{%- endmacro %}

{# Put together as text: an object there gives its keys in alphabetical order. #}
{% macro snowflake__json_object(pairs) -%}
    '{'
    {%- for name, expression in pairs.items() %}
    || '{{ "," if not loop.first }}"{{ name }}":' || coalesce(to_json(to_variant({{ expression }})), 'null')
    {%- endfor %}
    || '}'
{%- endmacro %}

{% macro bigquery__json_object(pairs) -%}
    to_json_string(
        struct(
            {%- for name, expression in pairs.items() %}
            {{ expression }} as {{ name }}{{ "," if not loop.last }}
            {%- endfor %}
        )
    )
{%- endmacro %}
