with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

sizes as (

    select
        customer360_id,
        count(*) as record_count
    from customers
    group by customer360_id

),

{% if identity_driver() == 'python' %}
found as (

    select * from {{ ref('int_identity__bridges_by_python') }}

),

prepared as (

    select * from {{ ref('int_identity__bridges_prepared') }}

),

ranked_records as (

    select distinct
        record_no,
        record_key,
        customer360_id
    from prepared

),

named as (

    select
        members.customer360_id,
        found.parted_count,
        bridge_records.record_key as bridge_record_key,
        bridges.identifier_type as bridge_identifier_type,
        bridges.identifier_value as bridge_identifier_value,
        suspect_records.record_key as suspect_record_key,
        suspects.identifier_type as suspect_identifier_type,
        suspects.identifier_value as suspect_identifier_value
    from found
    inner join ranked_records as members
        on found.record_no = members.record_no
    inner join prepared as bridges
        on
            found.bridge_record_no = bridges.record_no
            and found.bridge_value_no = bridges.value_no
    inner join ranked_records as bridge_records
        on found.bridge_record_no = bridge_records.record_no
    left join prepared as suspects
        on
            found.suspect_record_no = suspects.record_no
            and found.suspect_value_no = suspects.value_no
    left join ranked_records as suspect_records
        on found.suspect_record_no = suspect_records.record_no

),

-- One less the share of records on the smaller side, half up, in whole numbers: engines round
-- divisions each in their own way.
bridged as (

    select
        sizes.customer360_id,
        cast(
            floor(
                (20001 * sizes.record_count - 20000 * coalesce(named.parted_count, 0))
                / (2 * sizes.record_count)
            ) / 10000 as decimal(5, 4)
        ) as identity_confidence,
        named.bridge_record_key,
        named.bridge_identifier_type,
        named.bridge_identifier_value,
        named.suspect_record_key,
        named.suspect_identifier_type,
        named.suspect_identifier_value
    from sizes
    left join named
        on sizes.customer360_id = named.customer360_id

)
{% else %}
-- Bridges need a walk from record to record, which SQL has not.
bridged as (

    select
        customer360_id,
        cast(null as decimal(5, 4)) as identity_confidence,
        cast(null as {{ dbt.type_string() }}) as bridge_record_key,
        cast(null as {{ dbt.type_string() }}) as bridge_identifier_type,
        cast(null as {{ dbt.type_string() }}) as bridge_identifier_value,
        cast(null as {{ dbt.type_string() }}) as suspect_record_key,
        cast(null as {{ dbt.type_string() }}) as suspect_identifier_type,
        cast(null as {{ dbt.type_string() }}) as suspect_identifier_value
    from sizes

)
{% endif %}

select * from bridged
