{# Texts one after another with a separator between them, null passed over: engines disagree on
   concat('a', null), and concat_ws is not everywhere. #}
{% macro joined_text(expressions, separator='') -%}
    {%- set parts = [] -%}
    {%- for expression in expressions -%}
        {%- do parts.append("coalesce('" ~ separator ~ "' || " ~ expression ~ ", '')") -%}
    {%- endfor -%}
    nullif(substr({{ parts | join(' || ') }}, {{ separator | length + 1 }}), '')
{%- endmacro %}
