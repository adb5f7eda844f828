with

anchors as (

    select * from {{ ref('int_state__anchors') }}

),

minted as (

    select * from {{ ref('int_state__ids') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

-- Every id ever published, and those that this generation adds.
ids as (

    select
        customer360_id,
        anchor_record_key,
        minted_generation_no
    from anchors
    union all
    select
        minted.customer360_id,
        minted.anchor_record_key,
        minted.minted_generation_no
    from minted
    left join anchors
        on minted.customer360_id = anchors.customer360_id
    where anchors.customer360_id is null

),

final as (

    select
        ids.customer360_id,
        customers.customer360_id as current_customer360_id,
        case
            when customers.customer360_id is null then 'retired'
            when customers.customer360_id = ids.customer360_id then 'current'
            when customers.record_role = 'attached' then 'attached'
            else 'merged'
        end as id_status,
        ids.minted_generation_no
    from ids
    left join customers
        on ids.anchor_record_key = customers.record_key

)

select * from final
