with

remembered as (

    select * from {{ source('identity_state', 'id_changes') }}

),

changes as (

    select * from {{ ref('int_state__id_changes') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

known as (

    select
        remembered.customer360_id,
        remembered.change,
        remembered.other_customer360_id,
        remembered.record_count,
        remembered.cause,
        remembered.cause_detail,
        remembered.generation_no
    from remembered
    inner join this_generation
        on remembered.generation_no < this_generation.generation_no
    union all
    select
        changes.customer360_id,
        changes.change,
        changes.other_customer360_id,
        changes.record_count,
        changes.cause,
        changes.cause_detail,
        this_generation.generation_no
    from changes
    cross join this_generation

)

select * from known
