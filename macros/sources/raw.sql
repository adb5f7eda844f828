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

{# All rows of all instances of a contract, under the contract's column names, as visible text; with
   the instance's name as source_system, the namespace of each id, and, as they came, the length of
   all columns in characters and the columns as one JSON text. Without instances: the same columns
   and no row. #}
{% macro raw(source_name, table_name) -%}
    {%- set contract_instances = instances(source_name ~ '.' ~ table_name) -%}
    {%- set contract = contracts().get(source_name ~ '.' ~ table_name) -%}
    {%- if contract is none -%}
        {%- do stop_build(
            "the contract " ~ source_name ~ "." ~ table_name ~ " is missing in macros/sources/contracts.sql; add its columns there."
        ) -%}
    {%- endif -%}
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
            {{ lengths | join(' + ') }} as raw_characters,
            {{ json_object(cells) }} as raw_row
        from (
            {%- for instance in contract_instances %}
            select
                '{{ instance.name }}' as source_system
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
            {%- else %}
            select
                cast(null as {{ dbt.type_string() }}) as source_system
                {%- for column in columns %},
                cast(null as {{ dbt.type_string() }}) as {{ column }}
                {%- if column in contract.namespaced %},
                cast(null as {{ dbt.type_string() }}) as {{ column }}_namespace
                {%- endif %}
                {%- endfor %}
            from (select 1 as one) as nothing
            where one = 0
            {%- endfor %}
        ) as instances
    )
{%- endmacro %}
