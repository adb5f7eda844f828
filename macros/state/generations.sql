{# The steps around a run that move the state from one generation to the next. Rows of a generation
   count only when the generations' own row is there, which is written last. #}

{# Before a run: the tables are made where there are none, and what a run that was cut off wrote without
   finishing is taken back. #}
{% macro begin_generation() -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- do make_state() -%}
        {%- do roll_back_state(last_generation()) -%}
        {%- do refuse_other_data() -%}
        {%- do begin_working() -%}
        {%- do keep_changes() -%}
    {%- endif -%}
{%- endmacro %}

{# After a run of everything in which everything succeeded: what is new becomes the state. Where the
   command publishes on a warehouse, it does so at the moment of publishing. #}
{% macro end_generation(results) -%}
    {%- if execute and flags.WHICH in ('run', 'build') and not var('marts_schema_ending') and all_succeeded(results) -%}
        {%- do open_changes() -%}
        {%- do point_publication_at(commit_generation()) -%}
        {%- do end_working() -%}
        {%- do keep_changes() -%}
    {%- endif -%}
{%- endmacro %}

{# Where the command publishes too, its record must not lag behind, or it would take back what plain dbt
   wrote. #}
{% macro point_publication_at(generation_no) -%}
    {%- set record = record_relation('publication') -%}
    {%- if relation_stands(record) -%}
        {%- do run_query('update ' ~ record ~ ' set state_generation = ' ~ generation_no ~ ' where true') -%}
    {%- endif -%}
{%- endmacro %}

{% macro make_state() -%}
    {%- do make_schema(state_schema()) -%}
    {%- for name in ['generations'] + state_tables().keys() | list -%}
        {%- if not relation_stands(state_relation(name)) -%}
            {%- set columns = [] -%}
            {%- for column, type in state_columns(name).items() -%}
                {%- do columns.append(column ~ ' ' ~ type) -%}
            {%- endfor -%}
            {%- do run_query('create table ' ~ state_relation(name) ~ ' (' ~ columns | join(', ') ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# The number of the last generation; 0 where there is none. #}
{% macro last_generation() -%}
    {{ return(run_query(
        'select coalesce(max(generation_no), 0) as generation_no from ' ~ state_relation('generations')
    ).columns[0].values()[0] | int) }}
{%- endmacro %}

{# Makes a generation the last one. #}
{% macro roll_back_state(generation_no) -%}
    {%- do run_statements(roll_back_statements(generation_no)) -%}
{%- endmacro %}

{% macro roll_back_statements(generation_no) -%}
    {%- set statements = [] -%}
    {%- for name, table in state_tables().items() -%}
        {%- set relation = state_relation(name) -%}
        {%- if table['keys'] -%}
            {%- do statements.append('delete from ' ~ relation ~ ' where valid_from_generation > ' ~ generation_no) -%}
            {%- do statements.append(
                'update ' ~ relation ~ ' set valid_to_generation = null where valid_to_generation > ' ~ generation_no
            ) -%}
        {%- else -%}
            {%- do statements.append('delete from ' ~ relation ~ ' where generation_no > ' ~ generation_no) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do statements.append('delete from ' ~ state_relation('generations') ~ ' where generation_no > ' ~ generation_no) -%}
    {{ return(statements) }}
{%- endmacro %}

{% macro run_statements(statements) -%}
    {%- for statement in statements -%}
        {%- do run_query(statement) -%}
    {%- endfor -%}
{%- endmacro %}

{# Sample and own data never mix: ids would stay with people who do not exist. #}
{% macro refuse_other_data() -%}
    {%- set found = run_query(
        'select count(*) as row_count from ' ~ state_relation('generations')
        ~ ' where is_sample_data <> ' ~ (var('include_sample_data') | string | lower)
    ).columns[0].values()[0] | int -%}
    {%- if found -%}
        {%- do stop_build(
            "The state in " ~ state_schema() ~ " was built from " ~ ("data of your own" if var('include_sample_data') else "the sample")
            ~ "; build " ~ ("the sample" if var('include_sample_data') else "your own data")
            ~ " in another schema or file, or drop that schema to begin anew."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# Whether a run held every model of the project and none failed. #}
{% macro all_succeeded(results) -%}
    {%- set built = [] -%}
    {%- for result in results -%}
        {%- if result.status | string in ('success', 'pass', 'warn') -%}
            {%- do built.append(result.node.unique_id) -%}
        {%- else -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.package_name == project_name and node.unique_id not in built -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{# Writes this generation down, if anything in the marts changed beyond what time alone moves. Gives the
   number of the generation that stands. #}
{% macro commit_generation(schema=target.schema) -%}
    {%- set content_hash = marts_content_hash(schema) -%}
    {%- set last = last_generation() -%}
    {%- set standing = run_query(
        'select max(content_hash) as content_hash from ' ~ state_relation('generations') ~ ' where generation_no = ' ~ last
    ).columns[0].values()[0] -%}
    {%- if standing == content_hash and not adds_to_state() -%}
        {{ return(last) }}
    {%- endif -%}
    {%- do run_statements(addition_statements(last + 1, content_hash)) -%}
    {{ return(last + 1) }}
{%- endmacro %}

{# What writes a generation down; the generations' own row comes last and makes the others count. #}
{% macro addition_statements(generation_no, content_hash) -%}
    {%- set statements = [] -%}
    {%- for name, table in state_tables().items() -%}
        {%- set relation, changes = state_relation(name), built_relation(table['model']) -%}
        {%- set columns = table['columns'].keys() | join(', ') -%}
        {%- if table['keys'] -%}
            {%- set key = table['keys'][0] -%}
            {%- do statements.append(
                'update ' ~ relation ~ ' set valid_to_generation = ' ~ generation_no
                ~ ' where valid_to_generation is null and ' ~ key ~ ' in (select ' ~ key ~ ' from ' ~ changes ~ ')'
            ) -%}
            {%- do statements.append(
                'insert into ' ~ relation ~ ' (' ~ columns ~ ', valid_from_generation, valid_to_generation) select '
                ~ columns ~ ', ' ~ generation_no ~ ', null from ' ~ changes ~ ' where not is_removed'
            ) -%}
        {%- else -%}
            {%- do statements.append(
                'insert into ' ~ relation ~ ' (' ~ columns ~ ', generation_no) select ' ~ columns ~ ', ' ~ generation_no
                ~ ' from ' ~ changes
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set facts = generation_columns().keys() | reject('equalto', 'content_hash') | join(', ') -%}
    {%- do statements.append(
        'insert into ' ~ state_relation('generations') ~ ' (' ~ facts ~ ', content_hash) select ' ~ facts ~ ", '" ~ content_hash
        ~ "' as content_hash from " ~ built_relation('int_state__generation')
    ) -%}
    {{ return(statements) }}
{%- endmacro %}

{# The relation of a model of this project, as the run built it. #}
{% macro built_relation(name) -%}
    {%- set nodes = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('name', 'equalto', name) | list -%}
    {{ return(api.Relation.create(database=nodes[0].database, schema=nodes[0].schema, identifier=nodes[0].alias)) }}
{%- endmacro %}

{% macro adds_to_state() -%}
    {%- set counts = [] -%}
    {%- for table in state_tables().values() if table.get('makes_generation', true) -%}
        {%- do counts.append('select count(*) as row_count from ' ~ built_relation(table['model'])) -%}
    {%- endfor -%}
    {{ return(run_query(
        'select sum(row_count) as row_count from (' ~ counts | join(' union all ') ~ ') as additions'
    ).columns[0].values()[0] | int > 0) }}
{%- endmacro %}

{# Reduces what the marts say to one text, whatever the order of their rows. Columns that move with time
   alone (`moves_with_time` in their yml) stay out. #}
{% macro marts_content_hash(schema) -%}
    {%- set parts = [] -%}
    {%- for node in graph.nodes.values() | sort(attribute='name')
        if node.resource_type == 'model' and node.package_name == project_name and node.access == 'public' -%}
        {%- set relation = api.Relation.create(database=node.database, schema=schema, identifier=node.alias) -%}
        {%- set columns = [] -%}
        {%- for name, column in node.columns.items() if not column.config.get('meta', {}).get('moves_with_time') -%}
            {%- do columns.append(name) -%}
        {%- endfor -%}
        {%- set row = run_query(
            'select count(*) as row_count, ' ~ rows_hash(columns) ~ ' as rows_hash from ' ~ relation
        ).rows[0] -%}
        {%- do parts.append(node.name ~ ' ' ~ row[0] ~ ' ' ~ row[1]) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join('; '))) }}
{%- endmacro %}

{# Hooks run outside of dbt's transactions, and what is left open at their end is taken back. #}
{% macro open_changes() -%}
    {%- call statement('open_changes', auto_begin=true) -%}
    select 1 as opened
    {%- endcall -%}
{%- endmacro %}

{% macro keep_changes() -%}
    {%- do open_changes() -%}
    {%- do adapter.commit() -%}
{%- endmacro %}
