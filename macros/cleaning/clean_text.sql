{# Of visible text: single blanks between words. #}
{% macro clean_text(expression) -%}
    {%- if var('sql_is_shortened') -%}{{ return(expression) }}{%- endif -%}
    case
        when {{ expression }} like '%  %' then {{ regexp_replace_all(expression, ' +', ' ') }}
        else {{ expression }}
    end
{%- endmacro %}
