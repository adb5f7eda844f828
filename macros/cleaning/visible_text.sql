{# Text as a person sees it, which raw() gives to staging for every column: blank-like characters
   (no-break, narrow, figure, tab, line ends) are blanks, invisible ones (zero width, joiners, byte
   order mark, soft hyphen, control) are gone, ends are trimmed, and what people and programs write
   for 'nothing' is null. #}
{% macro visible_text(expression) -%}
    {%- set blanks = '\u00a0\u202f\u2007\u2009\u3000\u2028\u2029\u0085\t\r\n' -%}
    {%- set invisible = (
        '\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u180e'
        ~ '\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'
        ~ '\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000b\u000c\u000e\u000f'
        ~ '\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f'
    ) -%}
    {#- Most text is plain, and looking is ten times cheaper than translating. -#}
    {%- set plain -%}
        trim(
            case
                when {{ regexp_contains(expression, '[^ -~]') }} then translate(
                    {{ without_nul(expression) }},
                    {{ text_literal(blanks ~ invisible) }},
                    '{{ " " * (blanks | length) }}'
                )
                else {{ expression }}
            end
        )
    {%- endset -%}
    {{ without_placeholder(plain) }}
{%- endmacro %}

{# Short as they are, only short text is compared with them. 'na' is not among them: it is Namibia. #}
{% macro placeholder_values() -%}
    {{ return([
        '', '-', '--', '?', '.', 'n/a', '#n/a', 'null', '(null)', 'none', 'nil', 'nan', 'undefined', 'unknown',
        '[object object]', 'not provided', 'not available', 'tbd', '(not set)', '(none)',
    ]) }}
{%- endmacro %}

{% macro without_placeholder(expression) -%}
    {%- set longest = placeholder_values() | map('length') | max -%}
    case
        when
            length({{ expression }}) <= {{ longest }}
            and lower({{ expression }}) in ('{{ placeholder_values() | join("', '") }}')
            then null
        else {{ expression }}
    end
{%- endmacro %}
