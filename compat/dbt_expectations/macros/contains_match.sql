{#
    SQL that says whether a text holds a match of a regular expression, anywhere in it.

    is_raw: backslashes in the pattern are meant as they stand. flags: the engine's own letters, such
    as i to ignore case. The pattern is not escaped: a quote in it must be doubled by whoever writes it.
#}
{% macro contains_match(text, regex, is_raw=false, flags='') %}
    {{- return(adapter.dispatch('contains_match', 'dbt_expectations')(text, regex, is_raw, flags)) -}}
{% endmacro %}


{% macro default__contains_match(text, regex, is_raw, flags) %}
    {%- if is_raw or flags -%}
        {%- do exceptions.warn('is_raw and flags mean nothing on ' ~ target.type ~ ' and are ignored') -%}
    {%- endif -%}
    {{- return("regexp_instr(" ~ text ~ ", '" ~ regex ~ "') > 0") -}}
{% endmacro %}


{% macro duckdb__contains_match(text, regex, is_raw, flags) %}
    {{- return("regexp_matches(" ~ text ~ ", '" ~ regex ~ "', '" ~ flags ~ "')") -}}
{% endmacro %}


{% macro snowflake__contains_match(text, regex, is_raw, flags) %}
    {%- set quote = '$$' if is_raw else "'" -%}
    {{- return("regexp_instr(" ~ text ~ ", " ~ quote ~ regex ~ quote ~ ", 1, 1, 0, '" ~ flags ~ "') > 0") -}}
{% endmacro %}


{% macro bigquery__contains_match(text, regex, is_raw, flags) %}
    {%- set prefix = 'r' if is_raw else '' -%}
    {%- set switches = '(?' ~ flags ~ ')' if flags else '' -%}
    {{- return("regexp_contains(" ~ text ~ ", " ~ prefix ~ "'" ~ switches ~ regex ~ "')") -}}
{% endmacro %}
