{# A `from` clause that gives one row per part of a delimited text, beside the relation's own columns
   (alias `parts`). #}
{% macro explode_text(relation, text_column, delimiter, part) -%}
    {{ return(adapter.dispatch('explode_text', 'customer360')(relation, text_column, delimiter, part)) }}
{%- endmacro %}

{% macro default__explode_text(relation, text_column, delimiter, part) -%}
    (
        select *, unnest(string_split({{ text_column }}, '{{ delimiter }}')) as {{ part }}
        from {{ relation }}
    ) as parts
{%- endmacro %}

{% macro snowflake__explode_text(relation, text_column, delimiter, part) -%}
    (
        select relation_rows.*, cast(pieces.value as {{ dbt.type_string() }}) as {{ part }}
        from {{ relation }} as relation_rows,
            lateral flatten(input => split(relation_rows.{{ text_column }}, '{{ delimiter }}')) as pieces
    ) as parts
{%- endmacro %}

{% macro bigquery__explode_text(relation, text_column, delimiter, part) -%}
    (
        select relation_rows.*, {{ part }}
        from {{ relation }} as relation_rows,
            unnest(split(relation_rows.{{ text_column }}, '{{ delimiter }}')) as {{ part }}
    ) as parts
{%- endmacro %}
