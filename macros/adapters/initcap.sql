{% macro initcap(expression) -%}
    {{ return(adapter.dispatch('initcap', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__initcap(expression) -%}
    initcap({{ expression }}, ' -''')
{%- endmacro %}

{% macro duckdb__initcap(expression) -%}
    array_to_string(
        list_transform(
            range(1, length({{ expression }}) + 1),
            lambda i: case
                when i = 1 or substr({{ expression }}, i - 1, 1) in (' ', '-', '''')
                    then upper(substr({{ expression }}, i, 1))
                else lower(substr({{ expression }}, i, 1))
            end
        ),
        ''
    )
{%- endmacro %}

{% macro bigquery__initcap(expression) -%}
    initcap({{ expression }}, " -'")
{%- endmacro %}
