with

accepted as (

    select * from {{ ref('int_identity__links_accepted') }}
    where link_effect <> 'none'

),

-- A value that only one record of the customer carries parts nobody when it is lost.
shared as (

    select
        record_key,
        record_role,
        customer360_id,
        identifier_type,
        identifier_value,
        link_effect,
        count(*) over (
            partition by customer360_id, identifier_type, identifier_value
        ) as carrier_count
    from accepted

),

-- Ranks by content: the numbers that records happen to have must not choose between equal bridges.
prepared as (

    select
        dense_rank() over (order by record_key) as record_no,
        dense_rank() over (order by identifier_type, identifier_value, customer360_id) as value_no,
        link_effect = 'holds' as is_holder,
        record_role = 'known' as is_known,
        record_key,
        customer360_id,
        identifier_type,
        identifier_value
    from shared
    where carrier_count > 1

)

select * from prepared
