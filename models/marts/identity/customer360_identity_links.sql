with

links as (

    select * from {{ ref('int_identity__links_accepted') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

final as (

    select
        -- keys
        links.record_key,
        links.customer360_id,

        -- identifiers
        links.identifier_type,
        links.identifier_value,

        -- attributes
        links.identifier_role,
        links.link_effect,
        links.decision,
        links.record_role,
        customers.source_system,

        -- measures
        cast(links.record_count as {{ dbt.type_bigint() }}) as record_count,
        cast(links.customer_count as {{ dbt.type_bigint() }}) as customer_count,
        customers.row_count,

        -- times
        customers.first_seen_at,
        customers.last_seen_at
    from links
    inner join customers
        on links.record_no = customers.record_no

)

select * from final
