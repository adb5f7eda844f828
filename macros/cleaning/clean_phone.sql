{# The digits a phone number is written with, the plus sign kept; without extension and without the
   (0) of "+44 (0)20". The first of two steps, so that the second need not read the text again. #}
{% macro dialled_digits(expression) -%}
    {%- set number = regexp_replace_all(expression, ' *([eE][xX][tT]|[xX]|#).*$', '') -%}
    {{ regexp_replace_all("replace(" ~ number ~ ", '(0)', '')", '[^0-9+]', '') }}
{%- endmacro %}

{# E.164 (ITU-T): a plus sign, the country calling code and the national number, 8 to 15 digits.
   `dialled` is a column of dialled_digits(). `rules` is the alias of a row of the seed `countries`,
   left joined; where that row or `rules` is missing, only numbers that name their country can be
   read. Numbers of one repeated digit are placeholders. #}
{% macro clean_phone(dialled, rules=none) -%}
    {%- if var('sql_is_shortened') -%}{{ return(dialled ~ (' || ' ~ rules ~ '.calling_code' if rules else '')) }}{%- endif -%}
    {%- set digits = "replace(" ~ dialled ~ ", '+', '')" -%}
    {%- set exit_code = rules ~ ".international_prefix" -%}
    {%- set trunk = rules ~ ".trunk_prefix" -%}
    {%- set code = rules ~ ".calling_code" -%}
    {%- set fits = "between " ~ rules ~ ".min_length and " ~ rules ~ ".max_length" -%}
    {%- set international -%}
        case
            when replace({{ digits }}, substr({{ digits }}, 1, 1), '') = '' then null
            when substr({{ dialled }}, 1, 1) = '+' then {{ digits }}
            {%- if rules %}
            when
                substr({{ digits }}, 1, length({{ exit_code }})) = {{ exit_code }}
                and length({{ digits }}) - length({{ exit_code }}) >= 8
                then substr({{ digits }}, length({{ exit_code }}) + 1)
            {%- endif %}
            when substr({{ digits }}, 1, 2) = '00' and length({{ digits }}) >= 10
                then substr({{ digits }}, 3)
            {%- if rules %}
            when
                length({{ trunk }}) > 0
                and substr({{ digits }}, 1, length({{ trunk }})) = {{ trunk }}
                and length({{ digits }}) - length({{ trunk }}) {{ fits }}
                then {{ code }} || substr({{ digits }}, length({{ trunk }}) + 1)
            {#- Who dials a trunk prefix and leaves it out has left out the plus sign instead. #}
            when
                (length({{ trunk }}) > 0 or length({{ digits }}) > {{ rules }}.max_length)
                and substr({{ digits }}, 1, length({{ code }})) = {{ code }}
                and length({{ digits }}) - length({{ code }}) {{ fits }}
                then {{ digits }}
            when length({{ digits }}) {{ fits }} then {{ code }} || {{ digits }}
            {%- endif %}
        end
    {%- endset -%}
    case
        when
            length({{ international }}) between 8 and 15 and substr({{ international }}, 1, 1) <> '0'
            then '+' || {{ international }}
    end
{%- endmacro %}
