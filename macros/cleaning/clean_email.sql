{# Lower case, without mailto: and blanks; null where it has not the form of an address. #}
{% macro clean_email(expression) -%}
    {%- set address -%}
        replace(replace(lower({{ expression }}), 'mailto:', ''), ' ', '')
    {%- endset -%}
    case
        when {{ regexp_contains(address, '^[^@,;]+@[^@,;]+[.][^@,;.]+$') }} then {{ address }}
    end
{%- endmacro %}
