with

records as (

    select * from {{ ref('int_identity__records') }}

),

components as (

    select * from {{ ref('int_identity__components') }}

),

-- The customer takes its name from its oldest own record, as a hash, because a readable id would
-- be taken for more than a name.
named as (

    select
        records.record_no,
        records.record_key,
        records.source_system,
        records.source_entity,
        records.shown_id,
        records.email,
        records.phone,
        {{ dbt.hash("'customer360|' || anchors.record_key") }} as customer360_id,
        anchors.record_key as anchor_record_key,
        components.record_role,
        components.record_role <> 'anonymous' as is_identified,
        records.first_seen_at,
        records.last_seen_at,
        records.row_count
    from records
    inner join components
        on records.record_no = components.record_no
    inner join records as anchors
        on components.customer_no = anchors.record_no

)

select * from named
