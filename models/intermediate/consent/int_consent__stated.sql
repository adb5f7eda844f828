with

records as (

    select * from {{ ref('stg_consent__records') }}
    where is_granted is not null

),

message_events as (

    select * from {{ ref('stg_marketing__message_events') }}
    where event_name like '%unsubscribe'

),

{% for model, entry in entries_with('opt_in') %}
{{ model }} as (

    select * from {{ ref(model) }}
    where {{ entry.opt_in }} is not null

),

{% endfor %}
customers as (

    select * from {{ ref('int_identity__customers') }}

),

-- Who unsubscribes withdraws; what a CRM or a like source says of e-mail marketing is a statement
-- too.
unioned as (

    select
        event_id as statement_key,
        record_key,
        source_system,
        source_consent_id as source_record_id,
        purpose,
        consent_channel,
        is_granted,
        stated_at
    from records
    union all
    select
        event_id as statement_key,
        record_key,
        source_system,
        source_message_event_id as source_record_id,
        'marketing' as purpose,
        coalesce(channel, 'email') as consent_channel,
        false as is_granted,
        occurred_at as stated_at
    from message_events
    {% for model, entry in entries_with('opt_in') %}
    union all
    select
        {{ record_key(model, entry.source_key) }} as statement_key,
        record_key,
        source_system,
        {{ entry.source_key }} as source_record_id,
        'marketing' as purpose,
        'email' as consent_channel,
        {{ entry.opt_in }} = 'opted_in' as is_granted,
        {{ entry.last_seen_at or "cast(null as " ~ dbt.type_timestamp() ~ ")" }} as stated_at
    from {{ model }}
    {% endfor %}

),

stated as (

    select
        unioned.statement_key,
        customers.customer360_id,
        unioned.record_key,
        unioned.source_system,
        unioned.source_record_id,
        unioned.purpose,
        unioned.consent_channel,
        unioned.is_granted,
        unioned.stated_at
    from unioned
    inner join customers
        on unioned.record_key = customers.record_key

)

select * from stated
