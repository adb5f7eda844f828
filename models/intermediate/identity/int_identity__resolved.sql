{{
    config(
        materialized='incremental',
        incremental_strategy=adding_strategy(),
        on_schema_change='sync_all_columns',
        pre_hook="{{ forget_touched_records() }}"
    )
}}

with

resolved as (

    select * from {{ ref('int_identity__resolved_by_' ~ identity_driver()) }}

),

picked as (

    select
        record_no,
        customer_no,
        record_role,
        component_no,
        weak_component_no,
        identifier_type,
        identifier_value,
        reason
    from resolved

)

select * from picked
