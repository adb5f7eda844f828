-- Question: what does a customer's journey look like, from the first visit to the last order?
-- Read it: every event of one customer in the order of time, whatever system it came from.
-- `days_since_previous` shows the pauses, `attributed_by` how we know that the event is theirs.
-- Choose the customer with --vars '{customer360_id: ...}'; without it, the known customer with the
-- most events is shown.

{%- set chosen = var('customer360_id', none) %}

with

events as (

    select * from {{ ref('customer360_events') }}

),

profiles as (

    select * from {{ ref('customer360_profiles') }}

),

candidates as (

    select
        customer360_id,
        row_number() over (order by total_interactions desc, customer360_id asc) as candidate_no
    from profiles
    {%- if chosen %}
    where customer360_id = {{ dbt.string_literal(dbt.escape_single_quotes(chosen)) }}
    {%- else %}
    where is_identified
    {%- endif %}

),

numbered as (

    select
        events.*,
        row_number() over (order by events.occurred_at, events.event_id) as event_no,
        lag(events.occurred_at) over (order by events.occurred_at, events.event_id) as previous_at
    from events
    inner join candidates
        on events.customer360_id = candidates.customer360_id
    where candidates.candidate_no = 1

)

select
    customer360_id,
    event_no,
    occurred_at,
    {{ dbt.datediff('previous_at', 'occurred_at', 'day') }}
        as days_since_previous,
    source_system,
    channel,
    event_name,
    is_logged_in,
    attributed_by,
    session_id,
    utm_source,
    utm_medium,
    utm_campaign,
    product_id,
    order_id,
    amount,
    currency
from numbered
order by event_no
