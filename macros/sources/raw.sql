{# A contract column of one instance as SQL: its own name, another raw column's, an expression, a
   constant, or null. #}
{% macro mapped_column(instance, column) -%}
    {%- set text = dbt.type_string() -%}
    {%- if instance.columns is not defined or instance.columns is none -%}
        cast({{ raw_column_name(column) }} as {{ text }})
    {%- else -%}
        {%- set mapping = instance.columns.get(column) -%}
        {%- if mapping is none -%}
            cast(null as {{ text }})
        {%- elif mapping is string -%}
            cast({{ raw_column_name(mapping) }} as {{ text }})
        {%- elif mapping.expression is defined -%}
            cast({{ mapping.expression }} as {{ text }})
        {%- else -%}
            cast('{{ mapping.value | string | replace("'", "''") }}' as {{ text }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro instance_relation(source_name, table_name, instance) -%}
    {%- if var('include_sample_data') -%}
        {%- if 'seed' not in instance -%}
            {%- do stop_build("`sample_sources` instance " ~ instance.name ~ " names no seed; name one of seeds/sample.") -%}
        {%- endif -%}
        {{ ref(instance.seed) }}
    {%- else -%}
        {{ source(source_name, table_name ~ '__' ~ instance.name) }}
    {%- endif -%}
{%- endmacro %}

{# The contract columns of a raw table by their own name, or else by an alias: column -> raw column or none.
   customer360/aliases.py does the same for files. `found`: raw columns. #}
{% macro columns_by_name(contract, found) -%}
    {%- set spelled = {} -%}
    {%- for name in found | reverse -%}
        {%- do spelled.update({modules.re.sub('[\\W_]', '', name | lower): name}) -%}
    {%- endfor -%}
    {%- set columns = {} -%}
    {%- for column in contract.columns -%}
        {%- set named = [] -%}
        {%- for name in [column] + contract.get('aliases', {}).get(column, []) if name | replace('_', '') in spelled -%}
            {%- do named.append(spelled[name | replace('_', '')]) -%}
        {%- endfor -%}
        {%- do columns.update({column: named | first if named else none}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{# An instance with the mapping of its columns: its own, that of its nested layout, or by name. #}
{% macro mapped_instance(source_name, table_name, contract, instance) -%}
    {%- if var('include_sample_data') -%}
        {{ return(instance) }}
    {%- endif -%}
    {%- if instance.layout == 'nested' -%}
        {%- set columns = {} -%}
        {%- for column, expression in nested_columns(source_name ~ '.' ~ table_name).items() -%}
            {%- do columns.update({column: {'expression': expression}}) -%}
        {%- endfor -%}
        {%- do columns.update(instance.columns or {}) -%}
        {{ return(dict(instance, columns=columns)) }}
    {%- endif -%}
    {%- if execute and instance.relation and instance.columns is none -%}
        {%- set found = adapter.get_columns_in_relation(instance_relation(source_name, table_name, instance)) -%}
        {{ return(dict(instance, columns=columns_by_name(contract, found | map(attribute='name') | list))) }}
    {%- endif -%}
    {{ return(instance) }}
{%- endmacro %}

{# The file that a row of an instance came from, as SQL: of files what customer360/rawfiles.py tells, of
   tables what the instance maps, of the sample its seed. #}
{% macro row_source_file(instance) -%}
    {%- if var('include_sample_data') -%}
        cast('{{ instance.seed }}.csv' as {{ dbt.type_string() }})
    {%- elif instance.file -%}
        customer360_source_file
    {%- else -%}
        {{ mapped_column({'columns': instance.columns or {}}, 'source_file') }}
    {%- endif -%}
{%- endmacro %}

{# When that file was loaded, as SQL. #}
{% macro row_loaded_at(instance) -%}
    {%- if not var('include_sample_data') and instance.file -%}
        cast(customer360_file_loaded_at as {{ dbt.type_timestamp() }})
    {%- elif not var('include_sample_data') and (instance.columns or {}).get('file_loaded_at') is not none -%}
        {{ try_cast_as(mapped_column(instance, 'file_loaded_at'), dbt.type_timestamp()) }}
    {%- else -%}
        cast(null as {{ dbt.type_timestamp() }})
    {%- endif -%}
{%- endmacro %}

{# All rows of all instances of a contract, under the contract's column names, as visible text; with
   the instance's name as source_system, the namespace of each id, the file a row came from and when it
   was loaded, and, as they came, the length of all columns in characters and the columns as one JSON
   text. Without instances: the same columns and no row. #}
{% macro raw(source_name, table_name) -%}
    {%- set contract_instances = instances(source_name ~ '.' ~ table_name) -%}
    {%- set contract = contracts().get(source_name ~ '.' ~ table_name) -%}
    {%- if contract is none -%}
        {%- do stop_build(
            "the contract " ~ source_name ~ "." ~ table_name ~ " is missing in macros/sources/contracts.sql; add its columns there."
        ) -%}
    {%- endif -%}
    {%- if var('sql_is_shortened') -%}
        {{ return(source_name ~ '.' ~ table_name) }}
    {%- endif -%}
    {%- if contract_instances -%}
        {{ rows_of_instances(source_name, table_name, contract, contract_instances) }}
    {%- else -%}
        {{ rows_of_nobody(contract) }}
    {%- endif -%}
{%- endmacro %}

{% macro rows_of_instances(source_name, table_name, contract, contract_instances) -%}
    {%- set columns = contract.columns -%}
    {%- set lengths = [] -%}
    {%- set cells = {} -%}
    {%- for column in columns -%}
        {%- do lengths.append("coalesce(length(instances." ~ column ~ "), 0)") -%}
        {%- do cells.update({column: "instances." ~ column}) -%}
    {%- endfor -%}
    (
        select
            instances.source_system,
            {%- for column in columns %}
            {{ visible_text('instances.' ~ column) }} as {{ column }},
            {%- if column in contract.namespaced %}
            instances.{{ column }}_namespace,
            {%- endif %}
            {%- endfor %}
            instances.source_file,
            instances.file_loaded_at,
            {{ lengths | join(' + ') }} as raw_characters,
            {{ json_object(cells) }} as raw_row
        from (
            {%- for given in contract_instances %}
            {%- set instance = mapped_instance(source_name, table_name, contract, given) %}
            select
                '{{ instance.name }}' as source_system,
                {{ row_source_file(instance) }} as source_file,
                {{ row_loaded_at(instance) }} as file_loaded_at
                {%- for column in columns %},
                {{ mapped_column(instance, column) }} as {{ column }}
                {%- if column in contract.namespaced %},
                '{{ (instance.namespaces or {}).get(column, instance.name) }}' as {{ column }}_namespace
                {%- endif %}
                {%- endfor %}
            from {{ instance_relation(source_name, table_name, instance) }}
            {%- if not loop.last %}
            union all
            {%- endif %}
            {%- endfor %}
        ) as instances
    )
{%- endmacro %}

{# Nothing to be cleaned: the columns alone, so that a source nobody uses costs next to nothing. #}
{% macro rows_of_nobody(contract) -%}
    {%- set nothing = "cast(null as " ~ dbt.type_string() ~ ")" -%}
    (
        select
            {{ nothing }} as source_system,
            {%- for column in contract.columns %}
            {{ nothing }} as {{ column }},
            {%- if column in contract.namespaced %}
            {{ nothing }} as {{ column }}_namespace,
            {%- endif %}
            {%- endfor %}
            {{ nothing }} as source_file,
            cast(null as {{ dbt.type_timestamp() }}) as file_loaded_at,
            cast(null as {{ dbt.type_bigint() }}) as raw_characters,
            {{ nothing }} as raw_row
        from (select 1 as one) as nothing
        where one = 0
    )
{%- endmacro %}
