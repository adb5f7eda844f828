{# ISO 8601 with a blank or a T, seconds and offset left out or not. Anything else, such as a zone's
   name or PM, is no time: passing over it would give a wrong one. #}
{% macro utc_timestamp_pattern() -%}
    {%- set day = '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}' -%}
    {%- set time_of_day = '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?' -%}
    {%- set zone = '(Z|z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)' -%}
    {{ return('^' ~ day ~ '([T ]' ~ time_of_day ~ '( ?' ~ zone ~ ')?)?$') }}
{%- endmacro %}

{# Text to a UTC timestamp, whatever offset it has; text without one is UTC already; null where it is
   no time. #}
{% macro utc_timestamp(expression) -%}
    {%- if var('sql_is_shortened') -%}{{ return(expression) }}{%- endif -%}
    {#- One blank less and one colon more is what every engine reads. -#}
    {%- set with_offset = regexp_replace_all(
        regexp_replace_all(expression, ' ([+-])', '\\1'), '([+-][0-9]{2})([0-9]{2})$', '\\1:\\2'
    ) -%}
    case
        when not {{ regexp_contains(expression, utc_timestamp_pattern()) }} then null
        when {{ regexp_contains(expression, ':[0-9.]+ ?[+-][0-9:]+$') }}
            then {{ offset_time_in_utc(canonical_time(with_offset)) }}
        else {{ try_cast_as(
            canonical_time("rtrim(" ~ expression ~ ", 'ZzUTC ')"), dbt.type_timestamp()
        ) }}
    end
{%- endmacro %}

{% macro offset_time_in_utc(expression) -%}
    {{ return(adapter.dispatch('offset_time_in_utc', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__offset_time_in_utc(expression) -%}
    timezone('UTC', try_cast({{ expression }} as timestamptz))
{%- endmacro %}

{% macro snowflake__offset_time_in_utc(expression) -%}
    cast(convert_timezone('UTC', try_to_timestamp_tz({{ expression }})) as timestamp_ntz)
{%- endmacro %}

{% macro bigquery__offset_time_in_utc(expression) -%}
    safe_cast({{ expression }} as timestamp)
{%- endmacro %}
