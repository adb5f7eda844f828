{# Names written all in one case are put in title case; mixed case is left as people wrote it. #}
{% macro clean_name(expression) -%}
    {%- if var('sql_is_shortened') -%}{{ return(expression) }}{%- endif -%}
    {%- set name = clean_text(expression) -%}
    case
        when {{ name }} = upper({{ name }}) or {{ name }} = lower({{ name }}) then {{ initcap(name) }}
        else {{ name }}
    end
{%- endmacro %}
