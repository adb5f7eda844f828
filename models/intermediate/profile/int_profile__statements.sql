{% set attributes = profile_attributes() %}
{% set identifiers = ['email', 'phone'] %}
{% set stated_fields = identifiers + attributes | list %}

with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

figures as (

    select * from {{ ref('int_state__record_figures') }}

),

{% for model, entry in entries_with('attributes') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
rows_of_sources as (

    {% for model, entry in entries_with('attributes') %}
    select
        {{ record_key(model.split('__')[1], entry.source_key) }} as statement_key,
        record_key,
        source_system,
        {{ entry.source_key }} as source_record_id,
        {% for identifier in identifiers %}
        {{ listed_column(identifier, entry.identifiers) }} as {{ identifier }},
        {% endfor %}
        {% for attribute, type in attributes.items() %}
        {{ listed_column(attribute, entry.attributes, type) }} as {{ attribute }},
        {% endfor %}
        coalesce({{ entry.last_seen_at }}, {{ entry.first_seen_at }}) as stated_at
    from {{ model }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

speaking_records as (

    select distinct record_key from rows_of_sources

),

-- Of a source whose rows are events only, such as a web site's, each record is one statement.
silent_records as (

    select
        customers.record_key as statement_key,
        customers.record_key,
        customers.source_system,
        cast(null as {{ dbt.type_string() }}) as source_record_id,
        {% for identifier in identifiers %}
        customers.{{ identifier }},
        {% endfor %}
        {% for attribute, type in attributes.items() %}
        cast(null as {{ type }}) as {{ attribute }},
        {% endfor %}
        customers.last_seen_at as stated_at
    from customers
    left join speaking_records
        on customers.record_key = speaking_records.record_key
    where
        speaking_records.record_key is null
        and coalesce(customers.email, customers.phone) is not null

),

stated as (

    select * from rows_of_sources
    union all
    select * from silent_records

),

statements as (

    select
        -- keys
        stated.statement_key,
        customers.customer360_id,
        stated.record_key,
        stated.source_system,
        stated.source_record_id,

        -- what it says
        {% for field in stated_fields %}
        stated.{{ field }},
        {% endfor %}

        -- what strategies compare
        {{ trust_rank('stated.source_system') }} as trust,
        coalesce(figures.revenue, 0) as record_revenue,
        {% for field in stated_fields %}
        case when stated.{{ field }} is null then 0 else 1 end
        {%- if not loop.last %} +{% endif %}
        {% endfor %}
            as filled_count,
        stated.stated_at
    from stated
    inner join customers
        on stated.record_key = customers.record_key
    left join figures
        on stated.record_key = figures.record_key

)

select * from statements
