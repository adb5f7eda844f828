{# The form in which reference seeds spell their keys: lower case, no accents, single blanks. #}
{% macro lookup_text(expression) -%}
    lower({{ strip_accents(clean_text(expression)) }})
{%- endmacro %}

{# The same for codes and event names: anything but letters and digits is one underscore, and
   what has neither is null. #}
{% macro lookup_code(expression) -%}
    nullif(
        trim({{ regexp_replace_all('lower(' ~ strip_accents(expression) ~ ')', '[^a-z0-9]+', '_') }}, '_'), ''
    )
{%- endmacro %}
