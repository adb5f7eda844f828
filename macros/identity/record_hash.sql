{# Columns of int_identity__records but for its number. #}
{% macro record_columns() -%}
    {%- set columns = ['record_key', 'source_system', 'source_entity', 'shown_id'] + identifier_types() + counted_fields() -%}
    {{ return((columns + ['first_seen_at', 'last_seen_at', 'row_count', 'record_hash']) | unique | list) }}
{%- endmacro %}

{# What of an entry's rows can differ within one record and still decides whom it belongs to: SQL
   expressions of text. #}
{% macro varying_expressions(entry) -%}
    {%- set expressions = [] -%}
    {%- for column in entry.many_valued or [] -%}
        {%- do expressions.append(column) -%}
    {%- endfor -%}
    {%- for item in identity_policy() if item.fields -%}
        {%- for field in composite_fields(item.fields)
            if field in (entry.attributes or []) and field not in expressions -%}
            {%- do expressions.append('cast(' ~ field ~ ' as ' ~ dbt.type_string() ~ ')') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(expressions | unique | list) }}
{%- endmacro %}

{# The most of them that any entry has. #}
{% macro most_varying() -%}
    {%- set counts = [0] -%}
    {%- for model, entry in entries_with('identifiers') -%}
        {%- do counts.append(varying_expressions(entry) | length) -%}
    {%- endfor -%}
    {{ return(counts | max) }}
{%- endmacro %}

{# Columns of a record, as text, that decide whom it belongs to: when it was last seen only where the
   policy looks into windows of time. #}
{% macro hashed_expressions() -%}
    {%- set columns = identifier_types() + counted_fields() + ['first_seen_at'] -%}
    {%- if identity_policy() | selectattr('within_days') | list -%}
        {%- do columns.append('last_seen_at') -%}
    {%- endif -%}
    {%- for number in range(most_varying()) -%}
        {%- do columns.append('varying_' ~ (number + 1)) -%}
    {%- endfor -%}
    {%- set expressions = [] -%}
    {%- for column in columns | unique -%}
        {#- Null is not the same as an empty text in the neighbouring column. -#}
        {%- do expressions.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '~')") -%}
    {%- endfor -%}
    {{ return(expressions) }}
{%- endmacro %}
