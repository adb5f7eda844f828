-- Question: which kinds of identifier bring records together, and could one be joining too many?
-- Read it: one line per type, in the order of the policy. `joining_values` are the values that more
-- than one record carries, `cross_system_values` those that do so in more than one system: these
-- make one customer 360 of separate lists. `most_records_on_a_value` and
-- `most_customers_on_a_value` are alarms: hundreds of records on one strong value are rather a
-- placeholder than a person, and only a weak value, or one by which a limit refused a link, may
-- have more than one customer.
-- Reads intermediate models, which are in the working file only.

with

links as (

    select * from {{ ref('int_identity__links') }}
    where dropped_reason is null

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

identifier_values as (

    select
        links.type_rank,
        links.identifier_type,
        links.role,
        links.identifier_value,
        count(distinct links.record_no) as records,
        count(distinct customers.source_system) as systems,
        count(distinct customers.customer360_id) as customers
    from links
    inner join customers
        on links.record_no = customers.record_no
    group by links.type_rank, links.identifier_type, links.role, links.identifier_value

)

select
    identifier_type,
    role,
    count(*) as distinct_values,
    sum(records) as links_count,
    sum(case when records > 1 then 1 else 0 end) as joining_values,
    sum(case when systems > 1 then 1 else 0 end) as cross_system_values,
    sum(records - 1) as links_beyond_the_first,
    max(records) as most_records_on_a_value,
    max(customers) as most_customers_on_a_value
from identifier_values
group by type_rank, identifier_type, role
order by type_rank
