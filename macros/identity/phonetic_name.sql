{# A whole name by ear and in either order: the phonetic keys of its first and last word, the lesser
   one first, so that 'Anna Schmidt' and 'Schmitt Ana' are one. Null where there are not two words:
   half a name is too little. #}
{% macro phonetic_name(expression) -%}
    {%- set first = phonetic_key(regexp_replace_all(expression, ' .*$', '')) -%}
    {#- Of a single word nothing is left, and the key of nothing is null. -#}
    {%- set last = phonetic_key(regexp_replace_all(expression, '^(.* |[^ ]*$)', '')) -%}
    {#- Engines disagree on the least of a value and null. Appended, both must be there; cut off again,
        they leave two keys of four characters. No `case`: it would work the keys out once a branch. -#}
    substr(
        least({{ first }}, {{ last }}) || ' ' || greatest({{ first }}, {{ last }})
        || {{ first }} || {{ last }}, 1, 9
    )
{%- endmacro %}
