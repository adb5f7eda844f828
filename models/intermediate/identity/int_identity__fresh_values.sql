with

changes as (

    select * from {{ ref('int_identity__changes') }}
    where change in ('added', 'changed')

),

records as (

    select
        records.record_no,
        {% for column in record_columns() %}
        records.{{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_identity__records') }} as records
    inner join changes
        on records.record_no = changes.record_no

),

blocked_identifiers as (

    select * from {{ ref('blocked_identifiers') }}

),

{% for model, entry in entries_with('identifiers') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
-- Worked out once: transforms are dear, and what is judged below reads a value many times.
carried as {{ materialized() }} (

    {% for item in identity_policy() %}
    {% if item.fields %}
    {% for model, entry in entries_with('identifiers')
        if composite_fields(item.fields) | reject('in', (entry.attributes or []) + entry.identifiers) | list | length == 0 %}
    select distinct
        records.record_no,
        '{{ item.type }}' as identifier_type,
        '' as namespace,
        {{ composite_value(item.fields) }} as bare_value
    from (
        select
            record_key,
            {% for field in composite_fields(item.fields) | unique %}
            {{ field }}{% if not loop.last %},{% endif %}
            {% endfor %}
        from {{ model }}
    ) as parts
    inner join records
        on parts.record_key = records.record_key
    union all
    {% endfor %}
    {% else %}
    select
        record_no,
        '{{ item.type }}' as identifier_type,
        {{ namespace_of(item.type) }} as namespace,
        {{ without_namespace(item.type) }} as bare_value
    from records
    where {{ item.type }} is not null
    union all
    {% for model, entry in entries_with('many_valued') if item.type in entry.many_valued %}
    select distinct
        records.record_no,
        '{{ item.type }}' as identifier_type,
        {{ namespace_of(model ~ '.' ~ item.type) }} as namespace,
        {{ without_namespace(model ~ '.' ~ item.type) }} as bare_value
    from {{ model }}
    inner join records
        on {{ model }}.record_key = records.record_key
    union all
    {% endfor %}
    {% endif %}
    {% endfor %}
    select
        record_no,
        cast(null as {{ dbt.type_string() }}) as identifier_type,
        cast(null as {{ dbt.type_string() }}) as namespace,
        cast(null as {{ dbt.type_string() }}) as bare_value
    from records
    where record_no is null

),

-- Formats, blocked values and the policy's own cleaning are about the value, not about whose it is.
cleaned as (

    select
        record_no,
        identifier_type,
        namespace,
        case
            when bare_value = '' then null
            {%- for item in identity_policy() if item.normalise %}
            when identifier_type = '{{ item.type }}' then {{ context[item.normalise]('bare_value') }}
            {%- endfor %}
            else bare_value
        end as bare_value
    from carried

),

normalised as (

    select
        record_no,
        identifier_type,
        namespace,
        bare_value,
        {{ nth_part('bare_value', '@', 1) }} || '@' as mailbox,
        case
            when bare_value is null then false
            {%- for item in identity_policy() if item.format %}
            when identifier_type = '{{ item.type }}'
                then {{ regexp_contains('bare_value', '^(' ~ item.format ~ ')$') }}
            {%- endfor %}
            else bare_value <> ''
        end as is_well_formed
    from cleaned

),

judged as (

    select distinct
        normalised.record_no,
        normalised.identifier_type,
        normalised.namespace || normalised.bare_value as identifier_value,
        normalised.bare_value,
        case
            when not normalised.is_well_formed then 'invalid_format'
            when
                blocked_values.blocked_value is not null
                or blocked_mailboxes.blocked_value is not null
                or {{ is_junk_value('normalised.bare_value') }}
                then 'blocked_value'
        end as dropped_reason
    from normalised
    left join blocked_identifiers as blocked_values
        on
            normalised.identifier_type = blocked_values.identifier_type
            and normalised.bare_value = blocked_values.blocked_value
    -- An entry that ends in @ is a mailbox in every domain.
    left join blocked_identifiers as blocked_mailboxes
        on
            normalised.identifier_type = blocked_mailboxes.identifier_type
            and normalised.mailbox = blocked_mailboxes.blocked_value
    where normalised.bare_value <> ''

)

select * from judged
