with

records as (

    select * from {{ ref('int_identity__records') }}

),

{% if works_on_changes() %}
changes as (

    select * from {{ ref('int_identity__changes') }}

),

links as (

    select * from {{ ref('int_identity__links') }}
    where dropped_reason is null

),

touched_values as (

    select * from {{ ref('int_identity__touched_values') }}

),

earlier_carriers as (

    select * from {{ ref('int_identity__earlier_carriers') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

standing as (

    select
        record_no,
        customer_no,
        record_role,
        component_no,
        weak_component_no
    from {{ standing('int_identity__resolved') }}
    where customer_no is not null

),

standing_decisions as (

    select record_no from {{ standing('int_identity__decided_records') }}

),

standing_customers as (

    select
        record_no,
        customer360_id
    from {{ standing('int_identity__customers') }}

),

-- Whoever was one customer with a record that is gone may inherit the ids anchored to it.
heirs as (

    select distinct companions.record_no
    from changes
    inner join standing_customers as gone
        on changes.record_no = gone.record_no
    inner join standing_customers as companions
        on gone.customer360_id = companions.customer360_id
    where changes.change = 'removed'

),

-- Everyone in the component of a record that changed, of a carrier of a value that it carries or carried,
-- or of a record that somebody decided about. Decisions are few, so all of them count as changed.
near_change as (

    select record_no from changes
    where change <> 'seen_again'
    union distinct
    select links.record_no
    from links
    inner join touched_values
        on
            links.identifier_type = touched_values.identifier_type
            and links.identifier_value = touched_values.identifier_value
    where links.role in ('strong', 'fallback')
    union distinct
    select record_no from earlier_carriers
    where role in ('strong', 'fallback')
    union distinct
    select record_no_one as record_no from decisions
    where record_no_one is not null
    union distinct
    select record_no_other as record_no from decisions
    where record_no_other is not null
    union distinct
    select record_no from standing_decisions
    union distinct
    select record_no from heirs

),

touched_components as (

    select distinct standing.component_no
    from standing
    inner join near_change
        on standing.record_no = near_change.record_no

),

known_side as (

    select standing.record_no
    from standing
    inner join touched_components
        on standing.component_no = touched_components.component_no
    union distinct
    select record_no from changes
    where change = 'added'

),

-- The devices and cookies of all these, now and before, and the anonymous visitors on them.
touched_weak_values as (

    select distinct
        links.identifier_type,
        links.identifier_value
    from links
    inner join known_side
        on links.record_no = known_side.record_no
    where links.role = 'weak'
    union distinct
    select
        identifier_type,
        identifier_value
    from touched_values

),

weak_carriers as (

    select
        links.record_no,
        links.identifier_type,
        links.identifier_value
    from links
    inner join touched_weak_values
        on
            links.identifier_type = touched_weak_values.identifier_type
            and links.identifier_value = touched_weak_values.identifier_value
    where links.role = 'weak'

),

near_weak as (

    select record_no from weak_carriers
    union distinct
    select record_no from earlier_carriers
    where role = 'weak'
    union distinct
    select record_no from known_side

),

touched_weak_components as (

    select distinct standing.weak_component_no
    from standing
    inner join near_weak
        on standing.record_no = near_weak.record_no
    where standing.weak_component_no is not null

),

chosen as (

    select record_no from known_side
    union distinct
    select standing.record_no
    from standing
    inner join touched_weak_components
        on standing.weak_component_no = touched_weak_components.weak_component_no

),

members as (

    select
        records.record_no,
        records.record_key,
        records.first_seen_at,
        records.last_seen_at
    from records
    inner join chosen
        on records.record_no = chosen.record_no

),

-- Known customers outside who share a device with somebody inside: they stand for themselves.
shared_weak_values as (

    select distinct
        links.identifier_type,
        links.identifier_value
    from links
    inner join members
        on links.record_no = members.record_no
    where links.role = 'weak'

),

neighbours as (

    select distinct standing.customer_no
    from links
    inner join shared_weak_values
        on
            links.identifier_type = shared_weak_values.identifier_type
            and links.identifier_value = shared_weak_values.identifier_value
    inner join standing
        on links.record_no = standing.record_no
    left join members
        on links.record_no = members.record_no
    where links.role = 'weak' and standing.record_role = 'known' and members.record_no is null

),

gathered as (

    select
        record_no,
        record_key,
        first_seen_at,
        last_seen_at,
        false as is_neighbour
    from members
    union all
    select
        records.record_no,
        records.record_key,
        records.first_seen_at,
        records.last_seen_at,
        true as is_neighbour
    from records
    inner join neighbours
        on records.record_no = neighbours.customer_no

),
{% else %}
gathered as (

    select
        record_no,
        record_key,
        first_seen_at,
        last_seen_at,
        false as is_neighbour
    from records

),
{% endif %}

-- Oldest first, so that the least number of a group is its oldest record.
numbered as (

    select
        row_number() over (order by {{ nulls_last('first_seen_at') }}, record_key) as age_no,
        record_no,
        record_key,
        first_seen_at,
        last_seen_at,
        is_neighbour
    from gathered

)

select * from numbered
