{{ config(materialized='view') }}

with

components as (

    select * from {{ ref('int_identity__components_by_' ~ identity_driver()) }}

),

picked as (

    select
        record_no,
        customer_no,
        record_role
    from components

)

select * from picked
