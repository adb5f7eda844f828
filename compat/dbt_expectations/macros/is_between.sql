{#
    SQL that says whether an expression lies between two bounds, of which one may be left out.

    strictly: a value equal to a bound is outside. Fails to compile without any bound.
#}
{% macro is_between(expression, min_value, max_value, strictly=false) %}
    {%- if min_value is none and max_value is none -%}
        {{ exceptions.raise_compiler_error('this test needs a min_value, a max_value or both') }}
    {%- endif -%}
    {%- set or_equal = '' if strictly else '=' -%}
    {%- set bounds = [] -%}
    {%- if min_value is not none -%}
        {%- do bounds.append(expression ~ ' >' ~ or_equal ~ ' ' ~ min_value) -%}
    {%- endif -%}
    {%- if max_value is not none -%}
        {%- do bounds.append(expression ~ ' <' ~ or_equal ~ ' ' ~ max_value) -%}
    {%- endif -%}
    {{- bounds | join(' and ') -}}
{% endmacro %}
