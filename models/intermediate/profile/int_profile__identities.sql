with

records as (

    select
        *,
        {{ trust_rank('source_system') }} as trust
    from {{ ref('int_identity__customers') }}

),

customers as (

    select
        customer360_id,
        {{ first_value_by('source_system', 'trust') }} as primary_source,
        count(distinct source_system) as source_count,
        count(*) as record_count,
        max(case when record_role = 'known' then 1 else 0 end) = 1 as is_identified,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from records
    group by customer360_id

),

systems as (

    select
        customer360_id,
        source_system,
        min(trust) as trust
    from records
    group by customer360_id, source_system

),

system_lists as (

    select
        customer360_id,
        {{ list_agg('source_system', 'trust, source_system') }} as source_systems
    from systems
    group by customer360_id

),

shown_ids as (

    select distinct
        customer360_id,
        source_system,
        shown_id
    from records
    where shown_id is not null

),

system_ids as (

    select
        customer360_id,
        source_system,
        {{ json_list_agg('shown_id', 'shown_id') }} as ids
    from shown_ids
    group by customer360_id, source_system

),

source_ids as (

    select
        customer360_id,
        {{ json_object_agg('source_system', 'ids') }} as source_ids
    from system_ids
    group by customer360_id

),

identities as (

    select
        customers.customer360_id,
        customers.primary_source,
        source_ids.source_ids,
        system_lists.source_systems,
        customers.source_count,
        customers.record_count,
        customers.is_identified,
        customers.first_seen_at,
        customers.last_seen_at
    from customers
    inner join system_lists
        on customers.customer360_id = system_lists.customer360_id
    left join source_ids
        on customers.customer360_id = source_ids.customer360_id

)

select * from identities
