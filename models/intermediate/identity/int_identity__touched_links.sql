{% set only_changes = works_on_changes() %}

with

touched as (

    select * from {{ ref('int_identity__touched') }}

),

links as (

    select * from {{ ref('int_identity__links') }}
    where dropped_reason is null

),

own_links as (

    select
        touched.age_no,
        links.identifier_type,
        links.identifier_value
    from touched
    inner join links
        on touched.record_no = links.record_no
    where not touched.is_neighbour

),

{% if only_changes %}
standing as (

    select
        record_no,
        customer_no
    from {{ standing('int_identity__resolved') }}
    where record_role = 'known'

),

-- A neighbour carries what any of its records does, as far as somebody inside shares it.
shared_values as (

    select distinct
        own_links.identifier_type,
        own_links.identifier_value
    from own_links
    inner join links
        on
            own_links.identifier_type = links.identifier_type
            and own_links.identifier_value = links.identifier_value
    where links.role = 'weak'

),

neighbour_links as (

    select distinct
        touched.age_no,
        links.identifier_type,
        links.identifier_value
    from shared_values
    inner join links
        on
            shared_values.identifier_type = links.identifier_type
            and shared_values.identifier_value = links.identifier_value
    inner join standing
        on links.record_no = standing.record_no
    inner join touched
        on standing.customer_no = touched.record_no
    where touched.is_neighbour

),

{% endif %}
touched_links as (

    select * from own_links
    {% if only_changes %}
    union all
    select * from neighbour_links
    {% endif %}

)

select * from touched_links
