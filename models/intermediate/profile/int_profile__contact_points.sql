with

records as (

    select
        *,
        {{ trust_rank('source_system') }} as trust
    from {{ ref('int_identity__customers') }}

),

statements as (

    select * from {{ ref('int_profile__statements') }}

),

survivors as (

    select * from {{ ref('int_profile__survivors') }}
    where field_group in ('email', 'phone')

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

-- The lists hold every address, whatever the strategy: those of the most trusted source first.
ranked as (

    select
        customer360_id,
        case when contact_type = 'email' then address end as email,
        case when contact_type = 'phone' then address end as phone,
        row_number() over (
            partition by customer360_id, contact_type
            order by trust asc, {{ nulls_last('last_seen_at', 'desc') }}, address asc
        ) as place
    from addresses

),

listed as (

    select
        customer360_id,
        {{ list_agg("email", 'place') }} as emails,
        {{ list_agg("phone", 'place') }} as phones
    from ranked
    group by customer360_id

),

chosen as (

    select
        survivors.customer360_id,
        max(case when survivors.field_group = 'email' then statements.email end) as primary_email,
        max(case when survivors.field_group = 'phone' then statements.phone end) as primary_phone
    from survivors
    inner join statements
        on survivors.statement_key = statements.statement_key
    group by survivors.customer360_id

),

contact_points as (

    select
        listed.customer360_id,
        chosen.primary_email,
        listed.emails,
        chosen.primary_phone,
        listed.phones
    from listed
    left join chosen
        on listed.customer360_id = chosen.customer360_id

)

select * from contact_points
