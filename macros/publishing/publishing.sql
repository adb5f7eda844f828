{# The steps of publishing on a warehouse, each called by the command `customer360` as one
   `dbt run-operation`; their order, and what happens when one fails, is in customer360/warehouse.py. #}

{# Takes the lock, mends what a killed build left, and tells what is published and where to build. #}
{% macro begin_publication(holder, now, expired_before, take_over=false) -%}
    {%- for schema in (target.schema, target.schema ~ '_internal') -%}
        {%- do make_schema(schema) -%}
    {%- endfor -%}
    {%- set held = take_build_lock(holder, now, expired_before, take_over) -%}
    {%- if held is not none -%}
        {%- do tell({'held': held}) -%}
    {%- else -%}
        {%- set publication = read_publication() -%}
        {%- if publication is not none -%}
            {%- do repair_publication(publication.generation | int) -%}
        {%- endif -%}
        {%- do make_state() -%}
        {#- What was written down for a generation that never came to be published. -#}
        {%- do roll_back_state(publication.state_generation | int if publication else last_generation()) -%}
        {%- do keep_changes() -%}
        {%- set generation = (publication.generation | int if publication else 0) + 1 -%}
        {%- do tell({
            'publication': publication,
            'generation': generation,
            'working_schema': schema_of_generation(generation),
            'schema_ending': ending_of_generation(generation)
        }) -%}
    {%- endif -%}
{%- endmacro %}

{# Puts a tested working schema in the place of what people read, with its record. #}
{% macro publish_generation(holder, working_schema, tables, facts) -%}
    {%- do check_build_lock(holder) -%}
    {%- do drop_others(working_schema, tables) -%}
    {%- do facts.update({'state_generation': commit_generation(working_schema)}) -%}
    {%- do end_working() -%}
    {%- do keep_changes() -%}
    {%- do bring_in(working_schema, tables, facts) -%}
    {%- set published = read_published_tables() -%}
    {%- do run_query('drop table if exists ' ~ internal_relation('build_lock')) -%}
    {%- do tell({'tables': published, 'facts': {'state_generation': facts.state_generation}}) -%}
{%- endmacro %}

{# Tells what is published. #}
{% macro describe_publication() -%}
    {%- do tell({'publication': read_publication(), 'tables': read_published_tables()}) -%}
{%- endmacro %}

{# Removes the target schema and everything that belongs to it. Only for throwaway schemas, which say
   so in their name. #}
{% macro drop_throwaway_schemas() -%}
    {%- if not modules.re.match('^customer360_verify_[0-9]+$', target.schema) -%}
        {%- do exceptions.raise_compiler_error(target.schema ~ " is no throwaway schema; it is left as it is.") -%}
    {%- endif -%}
    {%- for ending in ('', '_next', '_odd', '_even', '_internal', '_state', '_staging', '_intermediate', '_reference') -%}
        {%- do adapter.drop_schema(warehouse_relation(target.schema ~ ending)) -%}
    {%- endfor -%}
    {%- do tell({}) -%}
{%- endmacro %}

{# Answers the command that called: one line of dbt's log, which holds names and counts only. #}
{% macro tell(answer) -%}
    {%- do log('customer360 answer: ' ~ tojson(answer)) -%}
{%- endmacro %}

{% macro warehouse_relation(schema, identifier=none) -%}
    {{ return(api.Relation.create(database=target.database, schema=schema, identifier=identifier)) }}
{%- endmacro %}

{% macro internal_relation(name) -%}
    {{ return(warehouse_relation(target.schema ~ '_internal', name)) }}
{%- endmacro %}

{% macro relation_stands(relation) -%}
    {{ return(adapter.get_relation(relation.database, relation.schema, relation.identifier) is not none) }}
{%- endmacro %}

{# What is no mart of this generation: marts that are gone, and what a killed build left half made. #}
{% macro drop_others(working_schema, tables) -%}
    {%- for relation in standing_relations(working_schema) -%}
        {%- if relation.identifier | lower not in tables -%}
            {%- do adapter.drop_relation(relation) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# --- what differs: where a generation is built, and how it takes the place of the one before --- #}

{% macro make_schema(schema) -%}
    {{ return(adapter.dispatch('make_schema', 'customer360')(schema)) }}
{%- endmacro %}

{% macro default__make_schema(schema) -%}
    {%- do adapter.create_schema(warehouse_relation(schema)) -%}
{%- endmacro %}

{# Even "if not exists" asks for the right to create datasets there, which the builder need not have. #}
{% macro bigquery__make_schema(schema) -%}
    {%- if not adapter.check_schema_exists(target.database, schema) -%}
        {%- do adapter.create_schema(warehouse_relation(schema)) -%}
    {%- endif -%}
{%- endmacro %}

{# Every table and view of a schema. #}
{% macro standing_relations(schema) -%}
    {{ return(adapter.dispatch('standing_relations', 'customer360')(schema)) }}
{%- endmacro %}

{% macro default__standing_relations(schema) -%}
    {%- set found = [] -%}
    {%- for row in list_relations_without_caching(warehouse_relation(schema)) -%}
        {%- do found.append(adapter.get_relation(target.database, schema, row['name'])) -%}
    {%- endfor -%}
    {{ return(found | reject('none') | list) }}
{%- endmacro %}

{% macro bigquery__standing_relations(schema) -%}
    {{ return(adapter.list_relations_without_caching(warehouse_relation(schema))) }}
{%- endmacro %}

{# The schema a generation is built in, as dbt names one with a configured ending. #}
{% macro schema_of_generation(generation) -%}
    {{ return(target.schema ~ '_' ~ ending_of_generation(generation)) }}
{%- endmacro %}

{% macro ending_of_generation(generation) -%}
    {{ return(adapter.dispatch('ending_of_generation', 'customer360')(generation)) }}
{%- endmacro %}

{% macro default__ending_of_generation(generation) -%}
    {{ return('next') }}
{%- endmacro %}

{# Two datasets in turn: the one that people's views read is never the one that is built in. #}
{% macro bigquery__ending_of_generation(generation) -%}
    {{ return('even' if generation % 2 == 0 else 'odd') }}
{%- endmacro %}

{% macro bring_in(working_schema, tables, facts) -%}
    {{ return(adapter.dispatch('bring_in', 'customer360')(working_schema, tables, facts)) }}
{%- endmacro %}

{# One statement swaps all marts and their record. What was published stands in the working schema then,
   until the next build. #}
{% macro default__bring_in(working_schema, tables, facts) -%}
    {%- set records = {
        'published_tables': published_tables_query(working_schema, tables), 'publication': publication_query(facts)
    } -%}
    {%- for name, query in records.items() -%}
        {%- do run_query(
            "create or replace table " ~ warehouse_relation(working_schema, 'customer360_' ~ name) ~ " as " ~ query
        ) -%}
    {%- endfor -%}
    {%- do run_query(
        "alter schema " ~ warehouse_relation(target.schema) ~ " swap with " ~ warehouse_relation(working_schema)
    ) -%}
    {#- Under the names that DuckDB's file has them; views follow the swap by name. -#}
    {%- for name in records -%}
        {%- do run_query(
            "create or replace view " ~ internal_relation(name) ~ " as select * from " ~ record_relation(name)
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{# One script, which the warehouse runs to its end whether the caller lives or not. Each view changes in
   an instant, all of them within the seconds the script takes; the record comes last. #}
{% macro bigquery__bring_in(working_schema, tables, facts) -%}
    {%- set earlier = [] -%}
    {%- for schema, table, rows in read_published_tables() -%}{%- do earlier.append(table) -%}{%- endfor -%}
    {%- set statements = [] -%}
    {%- for relation in standing_relations(target.schema) -%}
        {#- A table in a view's place was left by plain dbt; a view in nobody's was a mart once. -#}
        {%- if relation.identifier in tables and relation.is_table -%}
            {%- do statements.append("drop table " ~ relation) -%}
        {%- elif relation.identifier in earlier and relation.identifier not in tables and relation.is_view -%}
            {%- do statements.append("drop view " ~ relation) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do statements.extend(published_views(working_schema, tables)) -%}
    {%- do statements.append(
        "create or replace table " ~ record_relation('published_tables') ~ " as "
        ~ published_tables_query(working_schema, tables)
    ) -%}
    {%- do statements.append("create or replace table " ~ record_relation('publication') ~ " as " ~ publication_query(facts)) -%}
    {%- do run_query(statements | join(';\n')) -%}
{%- endmacro %}

{# The statements that let the views of the target schema read a working schema. #}
{% macro published_views(working_schema, tables) -%}
    {%- set statements = [] -%}
    {%- for table in tables -%}
        {%- do statements.append(
            "create or replace view " ~ warehouse_relation(target.schema, table)
            ~ " as select * from " ~ warehouse_relation(working_schema, table)
        ) -%}
    {%- endfor -%}
    {{ return(statements) }}
{%- endmacro %}

{# Makes what people read whole again where publishing was cut off half-way. #}
{% macro repair_publication(generation) -%}
    {{ return(adapter.dispatch('repair_publication', 'customer360')(generation)) }}
{%- endmacro %}

{# A swap is done or not done: there is nothing to mend. #}
{% macro default__repair_publication(generation) -%}
{%- endmacro %}

{# Back to the generation that the record names, whose tables nobody has touched since. #}
{% macro bigquery__repair_publication(generation) -%}
    {%- set schema = schema_of_generation(generation) -%}
    {%- set tables = [] -%}
    {%- for relation in standing_relations(schema) -%}
        {%- do tables.append(relation.identifier) -%}
    {%- endfor -%}
    {%- if tables -%}
        {%- do run_query(published_views(schema, tables) | join(';\n')) -%}
    {%- endif -%}
{%- endmacro %}
