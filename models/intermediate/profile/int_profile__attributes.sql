with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

{% for model, entry in entries_with('attributes') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
statements as (

    {% for model, entry in entries_with('attributes') %}
    select
        record_key,
        source_system,
        {{ entry.source_key }} as source_record_id,
        coalesce({{ entry.last_seen_at }}, {{ entry.first_seen_at }}) as stated_at,
        {% for attribute, type in profile_attributes().items() %}
        {{ listed_column(attribute, entry.attributes, type) }} as {{ attribute }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ model }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

ranked as (

    select
        customers.customer360_id,
        statements.*,
        row_number() over (
            partition by customers.customer360_id
            order by
                statements.stated_at desc nulls last,
                {{ trust_rank('statements.source_system') }},
                statements.record_key,
                statements.source_record_id
        ) as recency
    from statements
    inner join customers
        on statements.record_key = customers.record_key

),

-- Survivorship: of each attribute the latest statement that has it.
survivors as (

    select
        customer360_id,
        {% for attribute in profile_attributes() %}
        {{ first_value_by(attribute, 'recency') }} as {{ attribute }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from ranked
    group by customer360_id

)

select * from survivors
