{# A calendar date between 1900 and as_of, else null. ISO order only: 03/04/2020 says nothing sure. #}
{% macro clean_date(expression) -%}
    {%- set day = try_cast_as('substr(' ~ expression ~ ', 1, 10)', 'date') -%}
    case
        when
            {{ regexp_contains(expression, '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$') }}
            and {{ day }} between date '1900-01-01' and cast({{ as_of() }} as date)
            then {{ day }}
    end
{%- endmacro %}
