{# What DuckDB, Snowflake and BigQuery all read: single characters, classes, \d \w \s, groups, | and
   greedy repetition. Read from the inside: a group that is right counts as one character, until
   nothing but characters is left. #}
{% macro validate_format(item) -%}
    {%- if 'format' in item -%}
        {%- set re = modules.re -%}
        {%- if item.format is not string or not item.format -%}
            {%- do stop_at_entry(item, "has the format '" ~ item.format ~ "'; write a regular expression in quotes.") -%}
        {%- endif -%}
        {%- if '(?' in item.format or re.search('\\\\[1-9]', item.format) -%}
            {%- do stop_at_entry(item,
                "has the format '" ~ item.format ~ "', with a (?...) group or a backreference, which not every engine reads; write it without."
            ) -%}
        {%- endif -%}
        {%- set state = namespace(left=re.sub('\\\\([dDsSwW]|[!-/:-@[-^`{-~])', 'a', item.format), is_right=not re.search("['\\x00-\\x1f]", item.format)) -%}
        {%- for class in re.findall('\\[\\^?[^\\[\\]]+\\]', state.left) -%}
            {%- for first, last in re.findall('([^\\[^])-([^\\]])', class) if first > last -%}
                {%- set state.is_right = false -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for least, most in re.findall('[{]([0-9]+),([0-9]+)[}]', state.left) if least | int > most | int -%}
            {%- set state.is_right = false -%}
        {%- endfor -%}
        {%- set state.left = re.sub('\\[\\^?[^\\[\\]]+\\]', 'a', state.left) -%}
        {%- set repeated = '([*+?]|[{][0-9]{1,3}(,[0-9]{0,3})?[}])?' -%}
        {%- set piece = "(([^][(){}*+?|^$'\\\\\\x00-\\x1f]" ~ repeated ~ ")|[$^])" -%}
        {%- set pieces = piece ~ '+([|]' ~ piece ~ '+)*' -%}
        {%- for _ in range(item.format.count('(')) -%}
            {%- set state.left = re.sub('[(]' ~ pieces ~ '[)]', 'a', state.left) -%}
        {%- endfor -%}
        {%- if not state.is_right or not re.fullmatch(pieces, state.left) -%}
            {%- do stop_at_entry(item,
                "has the format '" ~ item.format ~ "', which is no regular expression that every engine reads; correct it, and write special characters as in [.]."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
