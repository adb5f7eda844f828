{{ config(materialized='view') }}

with

stated as (

    select * from {{ ref('int_quality__references_unioned') }}

),

keys_referenced as (

    select * from {{ ref('int_quality__keys_referenced') }}

),

-- A table without rows contradicts nobody: what refers to it is not judged.
tables_with_rows as (

    select distinct
        referenced_model,
        referenced_key
    from keys_referenced

),

judged as (

    select
        stated.source_system,
        stated.source_entity,
        stated.source_record_id,
        stated.reference_column,
        stated.reference_value,
        {{ dbt.split_part('stated.referenced_model', "'__'", 2) }} as referenced_entity,
        keys_referenced.reference_value is null as is_orphan
    from stated
    inner join tables_with_rows
        on
            stated.referenced_model = tables_with_rows.referenced_model
            and stated.referenced_key = tables_with_rows.referenced_key
    left join keys_referenced
        on
            stated.referenced_model = keys_referenced.referenced_model
            and stated.referenced_key = keys_referenced.referenced_key
            and stated.reference_value = keys_referenced.reference_value

)

select * from judged
