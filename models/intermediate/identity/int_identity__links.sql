with

records as (

    select * from {{ ref('int_identity__records') }}

),

{% for model, entry in entries_with('many_valued') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
links as (

    {% for item in identity_policy() %}
    select
        record_no,
        '{{ item.type }}' as identifier_type,
        {{ item.type }} as identifier_value,
        '{{ item.role }}' as role,
        {{ item.rank }} as type_rank
    from records
    where {{ item.type }} is not null
    {% for model, entry in entries_with('many_valued') if item.type in entry.many_valued %}
    union all
    select distinct
        records.record_no,
        '{{ item.type }}' as identifier_type,
        {{ model }}.{{ item.type }} as identifier_value,
        '{{ item.role }}' as role,
        {{ item.rank }} as type_rank
    from {{ model }}
    inner join records
        on {{ model }}.record_key = records.record_key
    where {{ model }}.{{ item.type }} is not null
    {% endfor %}
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select
        record_no,
        cast(null as {{ dbt.type_string() }}) as identifier_type,
        cast(null as {{ dbt.type_string() }}) as identifier_value,
        cast(null as {{ dbt.type_string() }}) as role,
        cast(null as {{ dbt.type_int() }}) as type_rank
    from records
    where record_no is null
    {% endfor %}

)

select * from links
