{% macro strip_accents(expression) -%}
    {{ return(adapter.dispatch('strip_accents', 'customer360')(expression)) }}
{%- endmacro %}

{% macro default__strip_accents(expression) -%}
    strip_accents({{ expression }})
{%- endmacro %}

{# No Unicode normalisation there: the accented letters of European languages, one for one. Letters
   that are no letter with an accent (ł, ø, ß) stay, as they do on the other engines. #}
{% macro snowflake__strip_accents(expression) -%}
    translate(
        {{ expression }},
        'àáâãäåāăąçćčďèéêëēėęěģìíîïīįķļñńňņòóôõöōőŕřśšşșťțùúûüūůűųýÿźżž'
        || 'ÀÁÂÃÄÅĀĂĄÇĆČĎÈÉÊËĒĖĘĚĢÌÍÎÏĪĮĶĻÑŃŇŅÒÓÔÕÖŌŐŔŘŚŠŞȘŤȚÙÚÛÜŪŮŰŲÝŸŹŻŽ',
        'aaaaaaaaacccdeeeeeeeegiiiiiiklnnnnooooooorrssssttuuuuuuuuyyzzz'
        || 'AAAAAAAAACCCDEEEEEEEEGIIIIIIKLNNNNOOOOOOORRSSSSTTUUUUUUUUYYZZZ'
    )
{%- endmacro %}

{% macro bigquery__strip_accents(expression) -%}
    regexp_replace(normalize({{ expression }}, NFD), r'\pM', '')
{%- endmacro %}
