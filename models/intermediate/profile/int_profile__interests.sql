with

attributes as (

    select * from {{ ref('int_profile__attributes') }}
    where interests is not null

),

parted as (

    select
        customer360_id,
        lower(trim(interest)) as interest
    from {{ explode_text('attributes', 'interests', ',', 'interest') }}

),

distinct_interests as (

    select
        customer360_id,
        interest
    from parted
    where interest <> ''
    group by customer360_id, interest

),

listed as (

    select
        customer360_id,
        {{ list_agg('interest', 'interest') }} as interests
    from distinct_interests
    group by customer360_id

)

select * from listed
