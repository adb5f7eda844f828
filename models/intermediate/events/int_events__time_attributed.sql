{% set lookback_days = var('attribution_lookback_days') %}
{% set owner = 'identifier_type, identifier_value' %}
{% set in_time = 'occurred_at, is_after_login, event_id' %}

with

events as (

    select * from {{ ref('int_events__unioned') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

links as (

    select * from {{ ref('int_identity__links') }}
    where role = 'weak' and dropped_reason is null

),

carriers as (

    select
        links.identifier_type,
        links.identifier_value,
        links.type_rank,
        customers.record_key,
        customers.record_role,
        customers.customer360_id
    from links
    inner join customers
        on links.record_no = customers.record_no
    where customers.record_role <> 'attached'

),

-- Only devices that somebody known and an anonymous visitor both used have anything to attribute.
shared_values as (

    select
        identifier_type,
        identifier_value
    from carriers
    group by identifier_type, identifier_value
    having
        max(case when record_role = 'known' then 1 else 0 end) = 1
        and max(case when record_role = 'anonymous' then 1 else 0 end) = 1

),

timeline as (

    select
        events.event_id,
        events.occurred_at,
        carriers.identifier_type,
        carriers.identifier_value,
        carriers.type_rank,
        carriers.record_role,
        case when carriers.record_role = 'known' then carriers.customer360_id end as login_customer,
        case when carriers.record_role = 'known' then events.occurred_at end as login_at,
        case when carriers.record_role = 'known' then 0 else 1 end as is_after_login
    from carriers
    inner join shared_values
        on
            carriers.identifier_type = shared_values.identifier_type
            and carriers.identifier_value = shared_values.identifier_value
    inner join events
        on carriers.record_key = events.record_key

),

nearest as (

    select
        event_id,
        occurred_at,
        identifier_type,
        type_rank,
        record_role,
        {{ carried_value('login_customer', owner, in_time, 'back') }} as customer_before,
        {{ carried_value('login_at', owner, in_time, 'back') }} as login_before_at,
        {{ carried_value('login_customer', owner, in_time, 'ahead') }} as customer_after,
        {{ carried_value('login_at', owner, in_time, 'ahead') }} as login_after_at
    from timeline

),

within_lookback as (

    select
        event_id,
        identifier_type,
        type_rank,
        case
            when login_before_at >= {{ days_later('occurred_at', -lookback_days) }}
                then customer_before
            when login_after_at <= {{ days_later('occurred_at', lookback_days) }}
                then customer_after
        end as customer360_id
    from nearest
    where record_role = 'anonymous'

),

ranked as (

    select
        event_id,
        customer360_id,
        replace(identifier_type, '_id', '') || '-time' as attributed_by,
        row_number() over (partition by event_id order by type_rank) as preference
    from within_lookback
    where customer360_id is not null

)

select
    event_id,
    customer360_id,
    attributed_by
from ranked
where preference = 1
