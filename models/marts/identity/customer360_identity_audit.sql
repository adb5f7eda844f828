{# What one person is taken to have at most, and from where on a customer is large: so many records,
   and so many times the mean of its kind (identified or anonymous). #}
{% set most = {'first_name': 3, 'last_name': 3, 'postal_code': 5} %}
{% set large_from, large_times = 20, 10 %}

with

customers as (

    select * from {{ ref('int_identity__customers_counted') }}

),

bridges as (

    select * from {{ ref('int_identity__bridges') }}

),

sized as (

    select
        customer360_id,
        record_count >= {{ large_from }}
        and record_count * count(*) over (partition by is_identified)
        > {{ large_times }} * sum(record_count) over (partition by is_identified) as is_large
    from customers

),

judged as (

    select
        customers.customer360_id,
        case
            when bridges.suspect_identifier_type is not null then 'bridge_between_groups'
            {% for attribute, limit in most.items() %}
            when customers.{{ attribute }}_count > {{ limit }} then 'many_{{ attribute }}s'
            {% endfor %}
            when sized.is_large then 'large_customer'
        end as suspect_reason
    from customers
    inner join bridges
        on customers.customer360_id = bridges.customer360_id
    inner join sized
        on customers.customer360_id = sized.customer360_id

),

final as (

    select
        -- keys
        customers.customer360_id,

        -- attributes
        customers.is_identified,
        judged.suspect_reason is not null as is_suspect,
        judged.suspect_reason,
        bridges.bridge_record_key,
        bridges.bridge_identifier_type,
        bridges.bridge_identifier_value,
        bridges.suspect_record_key,
        bridges.suspect_identifier_type,
        bridges.suspect_identifier_value,

        -- measures
        bridges.identity_confidence,
        cast(customers.record_count as {{ dbt.type_bigint() }}) as record_count,
        cast(customers.identifier_count as {{ dbt.type_bigint() }}) as identifier_count,
        cast(customers.first_name_count as {{ dbt.type_bigint() }}) as first_name_count,
        cast(customers.last_name_count as {{ dbt.type_bigint() }}) as last_name_count,
        cast(customers.postal_code_count as {{ dbt.type_bigint() }}) as postal_code_count,
        cast(customers.email_count as {{ dbt.type_bigint() }}) as email_count,
        cast(customers.phone_count as {{ dbt.type_bigint() }}) as phone_count
    from customers
    inner join bridges
        on customers.customer360_id = bridges.customer360_id
    inner join judged
        on customers.customer360_id = judged.customer360_id

)

select * from final
