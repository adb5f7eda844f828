{# Where the identity rounds keep their working tables: gone with the session where an engine has
   temporary tables, expiring by themselves where it has not. #}
{% macro scratch_table(name) -%}
    {{ return(adapter.dispatch('scratch_table', 'customer360')(name)) }}
{%- endmacro %}

{% macro default__scratch_table(name) -%}
    c360_scratch_{{ name }}
{%- endmacro %}

{# In the schema of the model it is made for, or of the target where an operation makes it: whether the
   session has a current schema is chance. #}
{% macro snowflake__scratch_table(name) -%}
    {%- set place = this if this else target -%}
    {{ api.Relation.create(database=place.database, schema=place.schema, identifier='c360_scratch_' ~ name) }}
{%- endmacro %}

{# Named by the run, so that two runs never meet in one table. #}
{% macro bigquery__scratch_table(name) -%}
    `{{ target.project }}`.`{{ target.schema }}_intermediate`.`c360_scratch_{{ invocation_id | replace('-', '_') }}_{{ name }}`
{%- endmacro %}

{% macro create_scratch_table(name, query) -%}
    {{ return(adapter.dispatch('create_scratch_table', 'customer360')(name, query)) }}
{%- endmacro %}

{% macro default__create_scratch_table(name, query) -%}
    create or replace temporary table {{ scratch_table(name) }} as {{ query }}
{%- endmacro %}

{% macro bigquery__create_scratch_table(name, query) -%}
    create or replace table {{ scratch_table(name) }}
    options (expiration_timestamp = timestamp_add(current_timestamp(), interval 6 hour))
    as {{ query }}
{%- endmacro %}
