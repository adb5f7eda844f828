with

judged as (

    select * from {{ ref('int_quality__references_judged') }}

),

orphaned as (

    select
        source_system,
        source_entity,
        source_record_id,
        reference_column,
        reference_value,
        referenced_entity
    from judged
    where is_orphan

)

select * from orphaned
