-- depends_on: {{ ref('int_identity__earlier_carriers') }}
{% set only_changes = works_on_changes() %}

{{
    config(
        materialized='incremental',
        incremental_strategy=adding_strategy(),
        on_schema_change='sync_all_columns',
        pre_hook="{{ forget_touched_values() }}"
    )
}}

with

{% if only_changes %}
touched_values as (

    select * from {{ ref('int_identity__touched_values') }}

),

{% endif %}
identifier_values as (

    select
        carried.record_no,
        carried.identifier_type,
        carried.identifier_value,
        carried.dropped_reason
    from {{ ref('int_identity__values') }} as carried
    {% if only_changes %}
    inner join touched_values
        on
            carried.identifier_type = touched_values.identifier_type
            and carried.identifier_value = touched_values.identifier_value
    {% endif %}

),

records as (

    select * from {{ ref('int_identity__records') }}

),

usable as (

    select
        record_no,
        identifier_type,
        identifier_value
    from identifier_values
    where dropped_reason is null

),

-- A value that more records carry, or that stands beside more names, than its type allows is no
-- evidence for anyone.
{% for item in identity_policy() %}
{% set limits = {} %}
{% if item.max_records_per_value %}
{% do limits.update({'value_over_records': ('record_no', item.max_records_per_value)}) %}
{% endif %}
{% for field, most in item.max_distinct.items() %}
{% do limits.update({'value_over_distinct_' ~ field: (field, most)}) %}
{% endfor %}
{% for reason, limit in limits.items() %}
{{ item.type }}_{{ reason }}_carriers as (

    select
        usable.identifier_value,
        records.{{ limit[0] }} as item,
        records.first_seen_at,
        records.last_seen_at
    from usable
    inner join records
        on usable.record_no = records.record_no
    where usable.identifier_type = '{{ item.type }}' and records.{{ limit[0] }} is not null

),

{{ item.type }}_{{ reason }} as (

    {{ crowded_values(item.type ~ '_' ~ reason ~ '_carriers', limit[1], item.within_days) }}

),

{% endfor %}
{% endfor %}
crowded as (

    {% for item in identity_policy() %}
    {% if item.max_records_per_value %}
    select
        '{{ item.type }}' as identifier_type,
        identifier_value,
        'value_over_records' as reason
    from {{ item.type }}_value_over_records
    union all
    {% endif %}
    {% for field in item.max_distinct %}
    select
        '{{ item.type }}' as identifier_type,
        identifier_value,
        'value_over_distinct' as reason
    from {{ item.type }}_value_over_distinct_{{ field }}
    union all
    {% endfor %}
    {% endfor %}
    select
        identifier_type,
        identifier_value,
        cast(null as {{ dbt.type_string() }}) as reason
    from usable
    where record_no is null

),

dropped as (

    select
        identifier_type,
        identifier_value,
        min(reason) as reason
    from crowded
    group by identifier_type, identifier_value

),

types as (

    {% for item in identity_policy() %}
    select
        '{{ item.type }}' as identifier_type,
        '{{ item.role }}' as identifier_role,
        {{ item.rank }} as type_rank
    union all
    {% endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as identifier_type,
        cast(null as {{ dbt.type_string() }}) as identifier_role,
        cast(null as {{ dbt.type_bigint() }}) as type_rank

),

-- A group is shown beside its records and joins nobody.
links as (

    select
        carried.record_no,
        carried.identifier_type,
        carried.identifier_value,
        types.identifier_role as role,
        types.type_rank,
        case
            when carried.dropped_reason is not null then carried.dropped_reason
            when dropped.reason is not null then dropped.reason
            when types.identifier_role = 'group' then 'group_never_links'
        end as dropped_reason
    from identifier_values as carried
    inner join types
        on carried.identifier_type = types.identifier_type
    left join dropped
        on
            carried.identifier_type = dropped.identifier_type
            and carried.identifier_value = dropped.identifier_value

)

select * from links
