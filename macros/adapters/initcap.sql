{% macro initcap(expression) -%}
    {{ return(adapter.dispatch('initcap', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__initcap(expression) -%}
    initcap({{ expression }}, ' -''')
{%- endmacro %}

{% macro duckdb__initcap(expression) -%}
    array_to_string(
        list_transform(
            regexp_extract_all({{ expression }}, '[^ ''-]+|[ ''-]+'),
            lambda part: upper(substr(part, 1, 1)) || lower(substr(part, 2))
        ),
        ''
    )
{%- endmacro %}

{% macro bigquery__initcap(expression) -%}
    initcap({{ expression }}, " -'")
{%- endmacro %}
