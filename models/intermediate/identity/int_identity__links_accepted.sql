with

links as (

    select * from {{ ref('int_identity__links') }}
    where dropped_reason is null

),

resolved as (

    select * from {{ ref('int_identity__resolved') }}
    where reason is not null

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

judged as (

    select
        links.record_no,
        links.identifier_type,
        links.identifier_value,
        links.role as identifier_role,
        links.type_rank,
        customers.record_key,
        customers.record_role,
        customers.customer360_id,
        resolved.reason,
        coalesce(resolved.reason in ('value_over_customers', 'record_over_limit'), false)
            as is_unusable
    from links
    inner join customers
        on links.record_no = customers.record_no
    left join resolved
        on
            links.record_no = resolved.record_no
            and links.identifier_type = resolved.identifier_type
            and links.identifier_value = resolved.identifier_value

),

carried as (

    select
        identifier_type,
        identifier_value,
        count(*) as record_count,
        count(distinct customer360_id) as customer_count,
        count(distinct case when record_role = 'known' and not is_unusable then customer360_id end)
            as known_customer_count
    from judged
    group by identifier_type, identifier_value

),

-- Records that a fallback type does not move, because they carry a type that it stands in for. A
-- link that was refused for the customer's sake counts: its record is known by it.
stronger_carriers as (

    {% for item in identity_policy('fallback') %}
    select distinct
        record_no,
        '{{ item.type }}' as identifier_type
    from judged
    where
        identifier_type in ({{ quoted_types(item.when_missing) }})
        and not is_unusable
    union all
    {% endfor %}
    select
        record_no,
        identifier_type
    from judged
    where record_no is null

),

counted as (

    select
        judged.record_no,
        judged.record_key,
        judged.record_role,
        judged.customer360_id,
        judged.identifier_type,
        judged.identifier_value,
        judged.identifier_role,
        judged.reason,
        carried.record_count,
        carried.customer_count,
        carried.known_customer_count > 1 as is_shared,
        stronger_carriers.record_no is not null as carries_stronger,
        judged.is_unusable,
        max(
            case when judged.record_role = 'known' and not judged.is_unusable then 1 else 0 end
        ) over (
            partition by judged.customer360_id, judged.identifier_type, judged.identifier_value
        ) = 1 as is_held_here,
        row_number() over (
            partition by judged.record_no, judged.identifier_role
            order by
                case when judged.is_unusable then 1 else 0 end,
                case when carried.known_customer_count > 1 then 1 else 0 end,
                judged.type_rank,
                judged.identifier_value
        ) as preference
    from judged
    inner join carried
        on
            judged.identifier_type = carried.identifier_type
            and judged.identifier_value = carried.identifier_value
    left join stronger_carriers
        on
            judged.record_no = stronger_carriers.record_no
            and judged.identifier_type = stronger_carriers.identifier_type

),

-- Who may be joined by the link, and who can only be the one that others join. A device that did
-- not join a visitor with other visitors, because a limit or a decision forbids, may still have
-- attached the visitor to the one customer who uses it; then its link stands.
sided as (

    select
        record_no,
        record_key,
        record_role,
        customer360_id,
        identifier_type,
        identifier_value,
        identifier_role,
        case
            when identifier_role = 'strong' then 'joins'
            when identifier_role = 'fallback' and not carries_stronger then 'joins'
            when identifier_role = 'fallback' then 'holds'
            when identifier_role = 'weak' and record_role = 'known' then 'holds'
            when identifier_role = 'weak' and (not is_shared or preference = 1) then 'joins'
            else 'none'
        end as link_effect,
        cast(null as {{ dbt.type_string() }}) as decision,
        record_count,
        customer_count
    from counted
    where
        reason is null
        or (
            identifier_role = 'weak'
            and record_role = 'attached'
            and is_held_here
            and not is_shared
            and not is_unusable
        )

),

-- To hold a value is evidence only where somebody has joined the customer by it.
weighed as (

    select
        record_no,
        record_key,
        record_role,
        customer360_id,
        identifier_type,
        identifier_value,
        identifier_role,
        case
            when link_effect <> 'holds' then link_effect
            when
                max(case when link_effect = 'joins' then 1 else 0 end) over (
                    partition by customer360_id, identifier_type, identifier_value
                ) = 1
                then 'holds'
            else 'none'
        end as link_effect,
        decision,
        record_count,
        customer_count
    from sided

),

standing as (

    select
        decisions.decision_key,
        decisions.record_no_one,
        decisions.record_no_other,
        {{ decision_text('decisions') }} as decision
    from decisions
    left join resolved
        on
            decisions.decision_key = resolved.identifier_value
            and resolved.identifier_type = 'decision'
    where
        decisions.is_same
        and decisions.asleep_reason is null
        and resolved.identifier_value is null

),

decided as (

    select
        decision_key,
        record_no_one as record_no,
        decision
    from standing
    union all
    select
        decision_key,
        record_no_other as record_no,
        decision
    from standing

),

accepted as (

    select
        record_no,
        record_key,
        record_role,
        customer360_id,
        identifier_type,
        identifier_value,
        identifier_role,
        link_effect,
        decision,
        record_count,
        customer_count
    from weighed
    union all
    select
        decided.record_no,
        customers.record_key,
        customers.record_role,
        customers.customer360_id,
        'decision' as identifier_type,
        decided.decision_key as identifier_value,
        'decision' as identifier_role,
        'joins' as link_effect,
        decided.decision,
        2 as record_count,
        1 as customer_count
    from decided
    inner join customers
        on decided.record_no = customers.record_no

)

select * from accepted
