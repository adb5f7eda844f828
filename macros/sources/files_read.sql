{# A query: the raw files that this run reads, as the command `customer360` declared them. No row where
   nothing is read from files. #}
{% macro files_read() -%}
    {%- set by_file = [] -%}
    {#- A contract that does not exist is for the judgement of the settings to tell. -#}
    {%- for contract, contract_instances in (setting('sources') or {}).items() if contract in contracts() and not var('include_sample_data') -%}
        {%- do by_file.extend(contract_instances | selectattr('file', 'defined') | selectattr('file') | list) -%}
    {%- endfor -%}
    {%- if by_file -%}
    select * from {{ source('raw_files', 'files_read') }}
    {%- else -%}
    select
        {%- for column in ['file_key', 'source_contract', 'source_system', 'source_file', 'load_mode', 'file_state', 'content_hash'] %}
        cast(null as {{ dbt.type_string() }}) as {{ column }},
        {%- endfor %}
        {%- for column in ['byte_count', 'row_count', 'content_version'] %}
        cast(null as {{ dbt.type_bigint() }}) as {{ column }},
        {%- endfor %}
        cast(null as {{ dbt.type_timestamp() }}) as first_loaded_at,
        cast(null as {{ dbt.type_timestamp() }}) as loaded_at
    from {{ ref('int_state__generation') }}
    where 1 = 0
    {%- endif -%}
{%- endmacro %}
