{# The record of what is published: column -> SQL type, the same columns as in the DuckDB file. #}
{% macro publication_columns() -%}
    {{ return({
        'generation': dbt.type_bigint(),
        'published_at': dbt.type_timestamp(),
        'as_of': dbt.type_timestamp(),
        'invocation_id': dbt.type_string(),
        'is_sample_data': dbt.type_boolean(),
        'vars_hash': dbt.type_string(),
        'code_version': dbt.type_string(),
        'table_count': dbt.type_bigint(),
        'state_generation': dbt.type_bigint(),
    }) }}
{%- endmacro %}

{# The record as a query of one row. `facts`: column -> value. #}
{% macro publication_query(facts) -%}
    select
        {%- for column, type in publication_columns().items() %}
        cast('{{ facts[column] }}' as {{ type }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{# Rows per table of a working schema, under the name of the schema that people read. #}
{% macro published_tables_query(working_schema, tables) -%}
    {%- for table in tables %}
    select
        cast('{{ target.schema }}' as {{ dbt.type_string() }}) as schema_name,
        cast('{{ table }}' as {{ dbt.type_string() }}) as table_name,
        count(*) as row_count
    from {{ warehouse_relation(working_schema, table) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Where the record is kept: publication or published_tables. #}
{% macro record_relation(name) -%}
    {{ return(adapter.dispatch('record_relation', 'customer360')(name)) }}
{%- endmacro %}

{# Inside the schema that is swapped, so that the record changes in the same instant as the marts. #}
{% macro default__record_relation(name) -%}
    {{ return(warehouse_relation(target.schema, 'customer360_' ~ name)) }}
{%- endmacro %}

{% macro bigquery__record_relation(name) -%}
    {{ return(internal_relation(name)) }}
{%- endmacro %}

{# The record as text by column; none where nothing was published yet. #}
{% macro read_publication() -%}
    {%- set record = record_relation('publication') -%}
    {%- if not relation_stands(record) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set names = publication_columns().keys() | list -%}
    {%- set casts = [] -%}
    {%- for name in names -%}
        {%- do casts.append("cast(" ~ name ~ " as " ~ dbt.type_string() ~ ") as " ~ name) -%}
    {%- endfor -%}
    {%- set row = run_query("select " ~ casts | join(', ') ~ " from " ~ record).rows[0] -%}
    {%- set found = {} -%}
    {%- for name in names -%}
        {%- do found.update({name: row[loop.index0] | string}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# [schema, table, rows] of everything published; an empty list where nothing is. #}
{% macro read_published_tables() -%}
    {%- set record = record_relation('published_tables') -%}
    {%- set found = [] -%}
    {%- if relation_stands(record) -%}
        {%- for row in run_query(
            "select schema_name, table_name, row_count from " ~ record ~ " order by schema_name, table_name"
        ).rows -%}
            {%- do found.append([row[0] | string, row[1] | string, row[2] | int]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
