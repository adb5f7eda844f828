{% set only_changes = works_on_changes() %}

{{
    config(
        materialized='incremental',
        incremental_strategy=adding_strategy(),
        on_schema_change='sync_all_columns',
        pre_hook="{{ forget_touched_records(\"'added', 'changed', 'removed', 'seen_again'\") }}"
    )
}}

with

records as (

    select * from {{ ref('int_identity__records') }}

),

resolved as (

    select * from {{ ref('int_identity__resolved') }}
    where customer_no is not null

),

named as (

    select * from {{ ref('int_identity__named') }}

),

{% if only_changes %}
chosen as (

    select record_no from {{ ref('int_identity__touched') }}
    where not is_neighbour
    union distinct
    select record_no from {{ ref('int_identity__changes') }}
    where change <> 'removed'

),

{% endif %}
customers as (

    select
        records.record_no,
        records.record_key,
        records.source_system,
        records.source_entity,
        records.shown_id,
        records.email,
        records.phone,
        named.customer360_id,
        named.oldest_record_key,
        resolved.record_role,
        resolved.record_role <> 'anonymous' as is_identified,
        records.first_seen_at,
        records.last_seen_at,
        records.row_count
    from records
    {% if only_changes %}
    inner join chosen
        on records.record_no = chosen.record_no
    {% endif %}
    inner join resolved
        on records.record_no = resolved.record_no
    inner join named
        on resolved.customer_no = named.customer_no

)

select * from customers
