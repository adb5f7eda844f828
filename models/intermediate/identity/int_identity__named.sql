{% set only_changes = works_on_changes() %}

with

records as (

    select * from {{ ref('int_identity__records') }}

),

touched as (

    select * from {{ ref('int_identity__touched') }}
    where not is_neighbour

),

resolved as (

    select
        resolved.record_no,
        resolved.customer_no,
        resolved.record_role
    from {{ ref('int_identity__resolved') }} as resolved
    inner join touched
        on resolved.record_no = touched.record_no
    where resolved.customer_no is not null

),

anchors as (

    select * from {{ ref('int_state__anchors') }}

),

-- Of the ids anchored on its own records a customer shows the one that was minted first.
ranked as (

    select
        resolved.customer_no,
        anchors.customer360_id,
        row_number() over (
            partition by resolved.customer_no
            order by
                case when anchors.was_identified_at_minting then 0 else 1 end,
                anchors.minted_generation_no,
                {{ nulls_last('anchors.minted_record_at') }},
                anchors.minted_record_key,
                anchors.customer360_id
        ) as minting_rank
    from anchors
    inner join records
        on anchors.anchor_record_key = records.record_key
    inner join resolved
        on records.record_no = resolved.record_no
    where resolved.record_role <> 'attached'

),

kept as (

    select
        customer_no,
        customer360_id
    from ranked
    where minting_rank = 1

),

-- One that holds none is named after its oldest record, as a hash, because a readable id would be
-- taken for more than a name. A record that has given its name before gives another one.
used_names as (

    select
        minted_record_key,
        count(*) as used_count
    from anchors
    group by minted_record_key

),

touched_customers as (

    select distinct customer_no
    from resolved
    where record_role <> 'attached'

),

named as (

    select
        oldest.record_no as customer_no,
        oldest.record_key as oldest_record_key,
        coalesce(
            kept.customer360_id,
            {{ dbt.hash(
                "'customer360|' || oldest.record_key || coalesce('|' || cast(used_names.used_count as "
                ~ dbt.type_string() ~ "), '')"
            ) }}
        ) as customer360_id
    from touched_customers
    inner join records as oldest
        on touched_customers.customer_no = oldest.record_no
    left join kept
        on oldest.record_no = kept.customer_no
    left join used_names
        on oldest.record_key = used_names.minted_record_key

),

{% if only_changes %}
-- Customers that nothing touched keep their names.
changes as (

    select * from {{ ref('int_identity__changes') }}

),

mentioned as (

    select customer_no from resolved
    union distinct
    select resolved.customer_no
    from {{ ref('int_identity__resolved') }} as resolved
    inner join changes
        on resolved.record_no = changes.record_no
    where resolved.customer_no is not null

),

standing_names as (

    select
        mentioned.customer_no,
        standing.oldest_record_key,
        standing.customer360_id
    from mentioned
    inner join {{ standing('int_identity__customers') }} as standing
        on mentioned.customer_no = standing.record_no
    left join named
        on mentioned.customer_no = named.customer_no
    where named.customer_no is null

),

{% endif %}
all_names as (

    select * from named
    {% if only_changes %}
    union all
    select * from standing_names
    {% endif %}

)

select * from all_names
