-- Question: how many customers do several systems know, and which systems?
-- Read it: one line per combination of systems. The lines with more than one system are what the
-- identity resolution found; a system that mostly stands alone shares too few identifiers with the
-- others, or its ids need a namespace in common (docs/sources.md).

with

identity_map as (

    select * from {{ ref('customer360_identity_map') }}

),

profiles as (

    select * from {{ ref('customer360_profiles') }}

),

customer_systems as (

    select
        customer360_id,
        source_system,
        count(*) as records
    from identity_map
    group by customer360_id, source_system

),

combinations as (

    select
        customer360_id,
        count(*) as systems_count,
        sum(records) as records,
        {{ dbt.listagg('source_system', "' + '", 'order by source_system') }} as systems
    from customer_systems
    group by customer360_id

),

counted as (

    select
        combinations.systems,
        combinations.systems_count,
        count(*) as customers,
        sum(combinations.records) as records,
        sum(coalesce(profiles.net_revenue, 0)) as net_revenue
    from combinations
    left join profiles
        on combinations.customer360_id = profiles.customer360_id
    group by combinations.systems, combinations.systems_count

)

select
    systems,
    systems_count,
    customers,
    round(cast(customers as decimal(18, 4)) / sum(customers) over (), 4) as customer_share,
    records,
    net_revenue
from counted
order by systems_count desc, customers desc, systems asc
