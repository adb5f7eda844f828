with

remembered as (

    select * from {{ source('identity_state', 'restatements') }}

),

restatements as (

    select * from {{ ref('int_state__restatements') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

known as (

    select
        remembered.figure,
        remembered.customer360_id,
        remembered.source_system,
        remembered.value_before,
        remembered.identity_effect,
        remembered.data_effect,
        remembered.value_after,
        remembered.id_change_keys,
        remembered.generation_no
    from remembered
    inner join this_generation
        on remembered.generation_no < this_generation.generation_no
    union all
    select
        restatements.figure,
        restatements.customer360_id,
        restatements.source_system,
        restatements.value_before,
        restatements.identity_effect,
        restatements.data_effect,
        restatements.value_after,
        restatements.id_change_keys,
        this_generation.generation_no
    from restatements
    cross join this_generation

)

select * from known
