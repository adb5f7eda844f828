{# Parts of composite identifiers made coarser, so that small differences do not part a person. #}
{% macro first_letter(expression) -%}
    substr(lower({{ strip_accents(expression) }}), 1, 1)
{%- endmacro %}

{% macro postal_prefix(expression) -%}
    substr(lower({{ regexp_replace_all(expression, '[^0-9A-Za-z]', '') }}), 1, 3)
{%- endmacro %}

{# American Soundex (Russell 1918, as the US National Archives state it), without the rule on h and w. #}
{% macro phonetic_key(expression) -%}
    {%- set letters = regexp_replace_all('upper(' ~ strip_accents(expression) ~ ')', '[^A-Z]', '') -%}
    {%- set coded = namespace(text="translate(" ~ letters ~ ", 'AEIOUYHWBFPVCGJKQSXZDTLMNR', '00000000111122222222334556')") -%}
    {%- for digit in ['1', '2', '3', '4', '5', '6'] -%}
        {%- set coded.text = regexp_replace_all(coded.text, digit ~ '+', digit) -%}
    {%- endfor -%}
    nullif(substr(
        substr({{ letters }}, 1, 1) || replace(substr({{ coded.text }}, 2), '0', '') || '000', 1, 4
    ), '000')
{%- endmacro %}
