{# Lower case, without mailto:, its question mark part and a name around <>; null where it has not the
   form of an address. #}
{% macro clean_email(expression) -%}
    {%- if var('sql_is_shortened') -%}{{ return(expression) }}{%- endif -%}
    {%- set written = "trim(replace(lower(" ~ expression ~ "), 'mailto:', ''))" -%}
    {%- set address -%}
        case
            when {{ expression }} like '%<%'
                then trim({{ regexp_extract_group(written, '<([^<>]*)>$') }})
            when {{ expression }} like '%?%' then {{ regexp_replace_all(written, '[?].*$', '') }}
            else {{ written }}
        end
    {%- endset -%}
    case
        when
            {{ regexp_contains(address, '^[^@,;:<>()" ]+@([^@,;:<>()". ]+[.])+[^@,;:<>()". ]+$') }}
            then {{ address }}
    end
{%- endmacro %}
