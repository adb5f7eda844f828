-- depends_on: {{ ref('int_identity__touched_values') }}
{{
    config(
        materialized='incremental',
        incremental_strategy=adding_strategy(),
        on_schema_change='sync_all_columns',
        pre_hook="{{ forget_changed_records(\"'added', 'changed', 'removed'\") }}"
    )
}}

with

fresh_values as (

    select
        record_no,
        identifier_type,
        identifier_value,
        bare_value,
        dropped_reason
    from {{ ref('int_identity__fresh_values') }}

)

select * from fresh_values
