{# One identifier of a record: the column where the source has it, else null. Rows of a tuple agree
   on it, so that any of them will do. #}
{% macro record_identifier(entry, type) -%}
    {%- if type not in entry.identifiers -%}
        cast(null as {{ dbt.type_string() }})
    {%- elif entry.record == 'row' -%}
        {{ type }}
    {%- else -%}
        max({{ type }})
    {%- endif -%}
{%- endmacro %}
