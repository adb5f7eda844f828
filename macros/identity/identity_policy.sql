{# The policy's identifier types with their rank (1 is the strongest), of one role or of all. #}
{% macro identity_policy(role=none) -%}
    {%- set types = [] -%}
    {%- for item in setting('identity_policy') -%}
        {%- if role is none or item.role == role -%}
            {%- do types.append({'type': item.type, 'role': item.role, 'rank': loop.index}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{# Every identifier type that some source carries, each once, in the order of the entries. #}
{% macro identifier_types() -%}
    {%- set types = [] -%}
    {%- for entry in setting('source_entries').values() -%}
        {%- for type in (entry.identifiers or []) + (entry.many_valued or []) if type not in types -%}
            {%- do types.append(type) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{# The entries that contribute something: [(staging model, entry), ...]. #}
{% macro entries_with(part) -%}
    {%- set chosen = [] -%}
    {%- for model, entry in setting('source_entries').items() if entry.get(part) -%}
        {%- do chosen.append((model, entry)) -%}
    {%- endfor -%}
    {{ return(chosen) }}
{%- endmacro %}
