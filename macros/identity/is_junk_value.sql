{# Whether a value without its namespace stands for nobody: zeros, one character over and over, words
   that programs and testers write where they have no value. Numbers need seven equal digits and no
   other, because a shop that counts its customers has a real number 1111; in a phone number the
   calling code does not count. #}
{% macro is_junk_value(expression) -%}
    {%- set bare = regexp_replace_all(expression, '[-+:._ ]', '') -%}
    {%- set first = 'substr(' ~ bare ~ ', 1, 1)' -%}
    (
        replace({{ bare }}, '0', '') = ''
        or (
            replace({{ bare }}, {{ first }}, '') = ''
            and length({{ bare }}) >= case when {{ first }} between '0' and '9' then 7 else 4 end
        )
        or {{ regexp_contains(expression, '^[+](' ~ calling_code_pattern() ~ ')(' ~ repeated_digit_pattern() ~ ')$') }}
        or lower({{ expression }}) in ('{{ junk_words() | join("', '") }}')
    )
{%- endmacro %}

{% macro junk_words() -%}
    {{ return([
        'null', '(null)', 'undefined', 'nan', 'nil', 'none', '[object object]', 'unknown', 'anonymous', 'guest',
        'default', 'test', 'tester', 'testing', 'test123', 'dummy', 'placeholder', 'example', 'sample', 'true', 'false',
    ]) }}
{%- endmacro %}

{# The calling codes of ITU-T E.164 by length: those of one and two digits are all assigned. #}
{% macro calling_code_pattern() -%}
    {{ return(
        '1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]'
        ~ '|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[03578]|9[679])[0-9]'
    ) }}
{%- endmacro %}

{% macro repeated_digit_pattern() -%}
    {%- set patterns = [] -%}
    {%- for digit in range(10) -%}
        {%- do patterns.append(digit ~ digit ~ digit ~ digit ~ digit ~ digit ~ '+') -%}
    {%- endfor -%}
    {{ return(patterns | join('|')) }}
{%- endmacro %}
