with

generations as (

    select * from {{ source('identity_state', 'generations') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

known as (

    select
        generations.generation_no,
        generations.generated_at,
        generations.policy_hash,
        generations.decisions_hash
    from generations
    inner join this_generation
        on generations.generation_no < this_generation.generation_no
    union all
    select
        generation_no,
        generated_at,
        policy_hash,
        decisions_hash
    from this_generation

)

select * from known
