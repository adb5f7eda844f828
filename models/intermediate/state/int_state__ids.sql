with

anchors as (

    select * from {{ ref('int_state__anchors') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

minted as (

    select
        customers.customer360_id,
        customers.record_key as anchor_record_key,
        customers.record_key as minted_record_key,
        customers.first_seen_at as minted_record_at,
        this_generation.generation_no as minted_generation_no,
        customers.is_identified as was_identified_at_minting
    from customers
    cross join this_generation
    left join anchors
        on customers.customer360_id = anchors.customer360_id
    where anchors.customer360_id is null and customers.record_key = customers.oldest_record_key

),

passed as (

    select
        customer360_id,
        anchor_record_key,
        minted_record_key,
        minted_record_at,
        minted_generation_no,
        was_identified_at_minting
    from anchors
    where was_passed

),

changed as (

    select * from minted
    union all
    select * from passed

),

final as (

    select
        customer360_id,
        anchor_record_key,
        minted_record_key,
        minted_record_at,
        minted_generation_no,
        was_identified_at_minting,
        false as is_removed
    from changed

)

select * from final
