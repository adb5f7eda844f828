with

tickets as (

    select * from {{ ref('stg_support__tickets') }}

),

interactions as (

    select * from {{ ref('stg_support__interactions') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

-- A ticket is over when somebody says when, or when its state says so.
judged as (

    select
        tickets.ticket_id,
        customers.customer360_id,
        tickets.resolved_at is not null
        or coalesce(tickets.ticket_status, '') in ('resolved', 'solved', 'closed', 'done')
            as is_resolved,
        coalesce(tickets.is_escalated, false)
        or coalesce(tickets.ticket_status, '') = 'escalated' as is_escalated,
        {{ latest('tickets.opened_at', 'tickets.resolved_at') }} as last_seen_at
    from tickets
    inner join customers
        on tickets.record_key = customers.record_key

),

last_contacts as (

    select
        ticket_id,
        max(occurred_at) as last_contact_at
    from interactions
    group by ticket_id

),

totals as (

    select
        judged.customer360_id,
        count(*) as support_tickets,
        {{ count_where("not judged.is_resolved") }} as open_support_tickets,
        {{ count_where("judged.is_escalated") }} as escalated_support_tickets,
        {{ count_where("judged.is_resolved") }} as resolved_support_tickets,
        max({{ latest('judged.last_seen_at', 'last_contacts.last_contact_at') }})
            as last_support_interaction_at
    from judged
    left join last_contacts
        on judged.ticket_id = last_contacts.ticket_id
    group by judged.customer360_id

),

final as (

    select
        customer360_id,
        support_tickets,
        open_support_tickets,
        escalated_support_tickets,
        {{ share_of('resolved_support_tickets', 'support_tickets') }} as support_resolution_rate,
        last_support_interaction_at
    from totals

)

select * from final
