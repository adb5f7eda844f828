{# Shown details without a row of provenance, rows of details that are not shown, and rows that name
   a record of somebody else. #}
with

profiles as (

    select * from {{ ref('customer360_profiles') }}

),

provenance as (

    select * from {{ ref('customer360_profile_provenance') }}

),

identity_map as (

    select * from {{ ref('customer360_identity_map') }}

),

shown as (

    {% for field in fields_with_provenance() if field not in ('birth_year', 'interests') %}
    select
        customer360_id,
        '{{ field }}' as field,
        {{ value_text(field, profile_attributes().get(field, 'string')) }} as field_value
    from profiles
    where {{ field }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

compared as (

    select
        coalesce(shown.customer360_id, provenance.customer360_id) as customer360_id,
        coalesce(shown.field, provenance.field) as field,
        provenance.record_key
    from shown
    full outer join provenance
        on
            shown.customer360_id = provenance.customer360_id
            and shown.field = provenance.field
            and shown.field_value = provenance.field_value

)

select
    compared.customer360_id,
    compared.field
from compared
left join identity_map
    on
        compared.record_key = identity_map.record_key
        and compared.customer360_id = identity_map.customer360_id
where identity_map.record_key is null
