{# A `from` clause that gives one row per member of a list column of a relation, as
   {{ '{{' }} member {{ '}}' }}, beside the relation's own columns (alias `lists`). #}
{% macro explode_members(relation, list_column, member, type) -%}
    {{ return(adapter.dispatch('explode_members', 'customer360')(relation, list_column, member, type)) }}
{%- endmacro %}

{% macro default__explode_members(relation, list_column, member, type) -%}
    (select *, unnest({{ list_column }}) as {{ member }} from {{ relation }}) as lists
{%- endmacro %}

{% macro snowflake__explode_members(relation, list_column, member, type) -%}
    (
        select relation_rows.*, cast(members.value as {{ type }}) as {{ member }}
        from {{ relation }} as relation_rows,
            lateral flatten(input => relation_rows.{{ list_column }}) as members
    ) as lists
{%- endmacro %}

{% macro bigquery__explode_members(relation, list_column, member, type) -%}
    (
        select relation_rows.*, {{ member }}
        from {{ relation }} as relation_rows, unnest(relation_rows.{{ list_column }}) as {{ member }}
    ) as lists
{%- endmacro %}
