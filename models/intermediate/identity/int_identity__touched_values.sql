{% set only_changes = works_on_changes() %}

with

{% if only_changes %}
changes as (

    select * from {{ ref('int_identity__changes') }}
    where change in ('changed', 'removed')

),

{% endif %}
fresh_values as (

    select * from {{ ref('int_identity__fresh_values') }}

),

-- Values that changed records carry, or carried: their links are judged again.
touched_values as (

    select
        identifier_type,
        identifier_value
    from fresh_values
    {% if only_changes %}
    union distinct
    select
        standing.identifier_type,
        standing.identifier_value
    from {{ standing('int_identity__values') }} as standing
    inner join changes
        on standing.record_no = changes.record_no
    {% else %}
    where identifier_type is null
    {% endif %}

)

select distinct
    identifier_type,
    identifier_value
from touched_values
