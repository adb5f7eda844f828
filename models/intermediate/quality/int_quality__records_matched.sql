with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

systems_of_customers as (

    select
        customer360_id,
        count(distinct source_system) as system_count
    from customers
    group by customer360_id

),

records_matched as (

    select
        customers.source_system,
        customers.source_entity,
        count(*) as record_count,
        {{ count_where('systems_of_customers.system_count > 1') }} as matched_count
    from customers
    inner join systems_of_customers
        on customers.customer360_id = systems_of_customers.customer360_id
    group by customers.source_system, customers.source_entity

)

select * from records_matched
