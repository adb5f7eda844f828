with

records as (

    select
        *,
        {{ trust_rank('source_system') }} as trust
    from {{ ref('int_identity__customers') }}

),

addresses as (

    {% for type in ('email', 'phone') %}
    select
        customer360_id,
        '{{ type }}' as contact_type,
        {{ type }} as address,
        min(trust) as trust,
        max(last_seen_at) as last_seen_at
    from records
    where {{ type }} is not null
    group by customer360_id, {{ type }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- The one to use is the one seen last; the lists begin with the most trusted.
ranked as (

    select
        customer360_id,
        trust,
        case when contact_type = 'email' then address end as email,
        case when contact_type = 'phone' then address end as phone,
        row_number() over (
            partition by customer360_id, contact_type
            order by last_seen_at desc nulls last, trust asc, address asc
        ) as recency
    from addresses

),

contact_points as (

    select
        customer360_id,
        max(case when recency = 1 then email end) as primary_email,
        {{ list_agg("email", 'trust, recency') }} as emails,
        max(case when recency = 1 then phone end) as primary_phone,
        {{ list_agg("phone", 'trust, recency') }} as phones
    from ranked
    group by customer360_id

)

select * from contact_points
