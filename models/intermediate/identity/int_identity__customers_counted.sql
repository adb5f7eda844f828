with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

accepted as (

    select * from {{ ref('int_identity__links_accepted') }}
    where link_effect <> 'none'

),

identifier_values as (

    select * from {{ ref('int_identity__values') }}

),

{% for model, entry in entries_with('attributes') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
sizes as (

    select
        customer360_id,
        max(case when record_role = 'known' then 1 else 0 end) = 1 as is_identified,
        count(*) as record_count
    from customers
    group by customer360_id

),

evidence as (

    select
        customer360_id,
        identifier_type,
        identifier_value
    from accepted
    where identifier_role <> 'decision'
    group by customer360_id, identifier_type, identifier_value

),

evidence_counts as (

    select
        customer360_id,
        count(*) as identifier_count
    from evidence
    group by customer360_id

),

attributes as (

    {% for model, entry in entries_with('attributes') %}
    select distinct
        record_key,
        {% for attribute in ['first_name', 'last_name', 'postal_code'] %}
        lower({{ listed_column(attribute, entry.attributes) }}) as {{ attribute }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ model }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

attribute_counts as (

    select
        customers.customer360_id,
        count(distinct attributes.first_name) as first_name_count,
        count(distinct attributes.last_name) as last_name_count,
        count(distinct attributes.postal_code) as postal_code_count
    from attributes
    inner join customers
        on attributes.record_key = customers.record_key
    group by customers.customer360_id

),

-- Records show one address; what a source lists beside it is among the policy's values.
contacts as (

    select
        customer360_id,
        email,
        phone
    from customers
    union all
    select
        customers.customer360_id,
        case when listed.identifier_type = 'email' then listed.identifier_value end as email,
        case when listed.identifier_type = 'phone' then listed.identifier_value end as phone
    from identifier_values as listed
    inner join customers
        on listed.record_no = customers.record_no
    where listed.identifier_type in ('email', 'phone')

),

contact_counts as (

    select
        customer360_id,
        count(distinct email) as email_count,
        count(distinct phone) as phone_count
    from contacts
    group by customer360_id

),

counted as (

    select
        sizes.customer360_id,
        sizes.is_identified,
        sizes.record_count,
        coalesce(evidence_counts.identifier_count, 0) as identifier_count,
        coalesce(attribute_counts.first_name_count, 0) as first_name_count,
        coalesce(attribute_counts.last_name_count, 0) as last_name_count,
        coalesce(attribute_counts.postal_code_count, 0) as postal_code_count,
        contact_counts.email_count,
        contact_counts.phone_count
    from sizes
    inner join contact_counts
        on sizes.customer360_id = contact_counts.customer360_id
    left join evidence_counts
        on sizes.customer360_id = evidence_counts.customer360_id
    left join attribute_counts
        on sizes.customer360_id = attribute_counts.customer360_id

)

select * from counted
