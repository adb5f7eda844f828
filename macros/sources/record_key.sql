{# The key of one raw row across all systems: system, entity, own key. #}
{% macro record_key(entity, key, system='source_system') -%}
    {{ system }} || ':{{ entity }}:' || {{ key }}
{%- endmacro %}

{# The key of the distinct tuple of identifiers that a row of a busy table carries. Made of cleaned
   values before any policy looks at them, so that a change of policy renames no record. #}
{% macro tuple_key(entity, columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(" ~ column ~ ", '')") -%}
    {%- endfor -%}
    {#- A character that no visible text holds, so that no two tuples look alike. -#}
    {%- set between = " || " ~ text_literal('\u001f') ~ " || " -%}
    source_system || ':{{ entity }}:' || {{ dbt.hash(parts | join(between)) }}
{%- endmacro %}
