{{
    config(
        materialized='incremental',
        incremental_strategy=adding_strategy(),
        on_schema_change='sync_all_columns',
        pre_hook="{{ forget_changed_records() }}"
    )
}}

with

gathered as (

    select * from {{ ref('int_identity__gathered') }}

),

changes as (

    select * from {{ ref('int_identity__changes') }}
    where change <> 'removed'

),

records as (

    select
        changes.record_no,
        {% for column in record_columns() %}
        gathered.{{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from changes
    inner join gathered
        on changes.record_key = gathered.record_key

)

select * from records
