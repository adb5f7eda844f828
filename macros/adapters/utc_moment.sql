{# As utc_timestamp(), and whole seconds, milliseconds or microseconds since 1970 as well, told apart by
   the number of their digits: what payment providers and trackers write. #}
{% macro utc_moment(expression) -%}
    {%- if var('sql_is_shortened') -%}{{ return(expression) }}{%- endif -%}
    {%- set ten_digits = "case when length(" ~ expression ~ ") = 9 then '0' else '' end || " ~ expression -%}
    case
        when {{ regexp_contains(expression, '^([0-9]{9,10}|[0-9]{13}|[0-9]{16})$') }}
            then {{ time_of_microseconds(
                'cast(rpad(' ~ ten_digits ~ ", 16, '0') as " ~ dbt.type_bigint() ~ ')'
            ) }}
        else {{ utc_timestamp(expression) }}
    end
{%- endmacro %}

{% macro time_of_microseconds(expression) -%}
    {{ return(adapter.dispatch('time_of_microseconds', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__time_of_microseconds(expression) -%}
    make_timestamp({{ expression }})
{%- endmacro %}

{% macro snowflake__time_of_microseconds(expression) -%}
    to_timestamp_ntz({{ expression }}, 6)
{%- endmacro %}

{% macro bigquery__time_of_microseconds(expression) -%}
    timestamp_micros({{ expression }})
{%- endmacro %}
