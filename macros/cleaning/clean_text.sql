{# Blank-like characters (no-break, narrow, figure, tab, line ends) become blanks; invisible ones
   (zero width, joiners, byte order mark, soft hyphen, control) go. #}
{% macro visible_text(expression) -%}
    {%- set blanks = '\u00a0\u202f\u2007\u2009\u3000\t\r\n' -%}
    {%- set invisible = '\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000b\u000c\u001b\u007f' -%}
    trim(translate({{ without_nul(expression) }}, '{{ blanks }}{{ invisible }}', '{{ " " * (blanks | length) }}'))
{%- endmacro %}

{# What people and programs write for 'nothing'. 'na' is not among them: it is Namibia. #}
{% macro placeholder_values() -%}
    {{ return([
        '', '-', '--', '?', '.', 'n/a', '#n/a', 'null', '(null)', 'none', 'nil', 'nan', 'undefined', 'unknown',
        '[object object]', 'not provided', 'not available', 'tbd', '(not set)', '(none)',
    ]) }}
{%- endmacro %}

{% macro without_placeholder(expression) -%}
    case
        when lower({{ expression }}) in ('{{ placeholder_values() | join("', '") }}') then null
        else {{ expression }}
    end
{%- endmacro %}

{% macro clean_text(expression) -%}
    {{ without_placeholder(regexp_replace_all(visible_text(expression), ' +', ' ')) }}
{%- endmacro %}
