{# An offset counts only behind a time of day: the -15 of the date 2024-01-15 is not one. #}
{% macro utc_offset_pattern() -%}
    {{ return("[0-9]:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)? ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$") }}
{%- endmacro %}

{# Text to a UTC timestamp, whatever offset it has; text without one is UTC already; null where it is
   no time. #}
{% macro utc_timestamp(expression) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__utc_timestamp(expression) -%}
    {{ return(duckdb__utc_timestamp(expression)) }}
{%- endmacro %}

{# Text without offset is cast to a plain timestamp, because timestamptz would read it in the
   session's zone. #}
{% macro duckdb__utc_timestamp(expression) -%}
    case
        when {{ regexp_contains(expression, utc_offset_pattern()) }}
            then timezone(
                'UTC', try_cast({{ regexp_replace_all(expression, ' ([+-][0-9:]+)$', '\\1') }} as timestamptz)
            )
        else try_cast({{ expression }} as timestamp)
    end
{%- endmacro %}

{% macro snowflake__utc_timestamp(expression) -%}
    case
        when {{ regexp_contains(expression, utc_offset_pattern()) }}
            then cast(convert_timezone('UTC', try_to_timestamp_tz({{ expression }})) as timestamp_ntz)
        else try_to_timestamp_ntz({{ expression }})
    end
{%- endmacro %}

{# BigQuery reads text without offset as UTC whatever the session says. #}
{% macro bigquery__utc_timestamp(expression) -%}
    safe_cast({{ expression }} as timestamp)
{%- endmacro %}
