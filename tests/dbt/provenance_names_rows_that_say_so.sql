{# Details whose named row of a source says something else. full_name stays out: it may be put
   together; so does consent, which has rows of its own. #}
with

provenance as (

    select * from {{ ref('customer360_profile_provenance') }}
    where
        field not in ('full_name', 'opt_in_status')
        and source_record_id is not null

),

{% for model, entry in entries_with('attributes') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
said as (

    {% for model, entry in entries_with('attributes') %}
    select
        provenance.customer360_id,
        provenance.field,
        provenance.field_value,
        case provenance.field
            {% for field in entry.attributes %}
            when '{{ field }}'
                then {{ value_text(model ~ '.' ~ field, profile_attributes()[field]) }}
            {% endfor %}
            {% for field in ['email', 'phone'] if field in entry.identifiers or [] %}
            when 'primary_{{ field }}' then {{ model }}.{{ field }}
            {% endfor %}
        end as said_value
    from provenance
    inner join {{ model }}
        on
            provenance.record_key = {{ model }}.record_key
            and provenance.source_record_id = {{ model }}.{{ entry.source_key }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- A row that is named but not there says nothing either.
compared as (

    select
        provenance.customer360_id,
        provenance.field,
        provenance.field_value,
        said.said_value
    from provenance
    left join said
        on
            provenance.customer360_id = said.customer360_id
            and provenance.field = said.field

)

select
    customer360_id,
    field
from compared
where said_value is distinct from field_value
