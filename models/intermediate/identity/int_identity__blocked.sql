-- depends_on: {{ ref('int_identity__changes') }}
with

blocked_identifiers as (

    select
        identifier_type,
        blocked_value
    from {{ ref('blocked_identifiers') }}

),

blocked as (

    select distinct
        identifier_type,
        blocked_value
    from blocked_identifiers

)

select * from blocked
