{# The working tables of identity resolution keep what the last build found, so that the next one need only
   look at what changed. A row beside them says whether they can be trusted: they fit the last published
   generation, the settings are the same, and no run has touched them since without coming to its end. #}

{# Models whose tables are worked on, in their order. #}
{% macro working_models() -%}
    {{ return([
        'int_identity__changes', 'int_identity__records', 'int_identity__values', 'int_identity__links',
        'int_identity__touched', 'int_identity__resolved', 'int_identity__customers',
    ]) }}
{%- endmacro %}

{# True while a model is being built for a run that works out only what changed. #}
{% macro works_on_changes() -%}
    {#- While dbt reads the project, the branch with the more references is the one to see. -#}
    {%- if not execute -%}
        {{ return(true) }}
    {%- endif -%}
    {#- A unit test brings its own input, whatever the last build left. -#}
    {%- if flags.WHICH not in ('run', 'build') or model.resource_type == 'unit_test' -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(working_row().mode == 'changes') }}
{%- endmacro %}

{# A working table as the last build left it. No ref: it is read before this build writes to it. #}
{% macro standing(name) -%}
    {{ return(built_relation(name) if execute else name) }}
{%- endmacro %}

{% macro working_relation() -%}
    {%- set model = built_relation('int_identity__changes') -%}
    {{ return(warehouse_relation(model.schema, 'identity_working')) }}
{%- endmacro %}

{% macro working_row() -%}
    {%- if relation_stands(working_relation()) -%}
        {%- set rows = run_query(
            'select mode, generation_no, settings_hash, is_complete from ' ~ working_relation()
        ).rows -%}
        {%- if rows | length == 1 -%}
            {{ return({
                'mode': rows[0][0] | string, 'generation_no': rows[0][1] | int, 'settings_hash': rows[0][2] | string,
                'is_complete': rows[0][3] | string | lower in ('true', '1'),
            }) }}
        {%- endif -%}
    {%- endif -%}
    {{ return({'mode': 'all', 'generation_no': -1, 'settings_hash': '', 'is_complete': false}) }}
{%- endmacro %}

{# Stands for every setting that the working tables depend on, and for the run that made the last
   generation: another state may have come in the place of the one they fit. #}
{% macro working_settings_hash() -%}
    {%- set made_by = run_query(
        'select max(invocation_id) as invocation_id from ' ~ state_relation('generations')
        ~ ' where generation_no = ' ~ last_generation()
    ).columns[0].values()[0] -%}
    {{ return(local_md5(tojson([
        policy_entries(), setting('source_entries'), setting('sources'), setting('sample_sources'),
        var('include_sample_data'), var('code_version'), made_by | string,
    ]))) }}
{%- endmacro %}

{# Weak types with limits depend on every known customer that shares a device: with them all is worked out
   anew each time. #}
{% macro policy_allows_changes() -%}
    {%- for item in identity_policy('weak') if item.max_values_per_customer or item.max_customers_per_value -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{# Before a run that builds working tables: from now on they cannot be trusted, until it has come to its
   end. #}
{% macro begin_working() -%}
    {%- set chosen = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.name in working_models() and node.unique_id in selected_resources -%}
        {%- do chosen.append(node.name) -%}
    {%- endfor -%}
    {%- if chosen | length == working_models() | length -%}
        {%- do write_working('changes' if working_can_be_trusted() else 'all', false) -%}
    {%- elif chosen -%}
        {%- do write_working(working_row().mode, false) -%}
    {%- endif -%}
{%- endmacro %}

{% macro working_can_be_trusted() -%}
    {%- set found = working_row() -%}
    {%- for name in working_models() if not relation_stands(built_relation(name)) -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(
        found.is_complete
        and found.generation_no == last_generation()
        and found.settings_hash == working_settings_hash()
        and policy_allows_changes()
        and not flags.FULL_REFRESH
    ) }}
{%- endmacro %}

{# After a run that came to its end. #}
{% macro end_working() -%}
    {%- do write_working(working_row().mode, true) -%}
{%- endmacro %}

{% macro write_working(mode, is_complete) -%}
    {%- do make_schema(working_relation().schema) -%}
    {%- do run_query(
        "create or replace table " ~ working_relation() ~ " as select '" ~ mode ~ "' as mode, " ~ last_generation()
        ~ " as generation_no, '" ~ working_settings_hash() ~ "' as settings_hash, " ~ (is_complete | string | lower) ~ " as is_complete"
    ) -%}
{%- endmacro %}

{# What runs before rows are added to a working table: rows that they replace go, which is every row where
   everything is worked out anew. #}
{% macro forget_rows(condition) -%}
    {%- if execute and flags.WHICH in ('run', 'build') and is_incremental() -%}
        delete from {{ this }} where {{ condition if works_on_changes() else 'true' }}
    {%- endif -%}
{%- endmacro %}

{# Rows of records that changed. `kinds`: SQL text of the kinds of change. #}
{% macro forget_changed_records(kinds="'added', 'changed', 'removed', 'seen_again'") -%}
    {{ return(forget_rows(
        "record_no in (select record_no from " ~ ref('int_identity__changes') ~ " where change in (" ~ kinds ~ "))"
    )) }}
{%- endmacro %}

{# Links by values that changed records carry or carried. #}
{% macro forget_touched_values() -%}
    {{ return(forget_rows(
        "exists (select 1 from " ~ ref('int_identity__touched_values') ~ " as touched where touched.identifier_type = "
        ~ this.identifier ~ ".identifier_type and touched.identifier_value = " ~ this.identifier ~ ".identifier_value)"
    )) }}
{%- endmacro %}

{# Rows of records that are resolved anew or gone, and rows of no record. #}
{% macro forget_touched_records(kinds="'removed'") -%}
    {{ return(forget_rows(
        "record_no is null or record_no in (select record_no from " ~ ref('int_identity__touched')
        ~ " where not is_neighbour) or record_no in (select record_no from " ~ ref('int_identity__changes')
        ~ " where change in (" ~ kinds ~ "))"
    )) }}
{%- endmacro %}
