{% set groups = fields_with_provenance() %}

with

statements as (

    select * from {{ ref('int_profile__statements') }}

),

survivors as (

    select * from {{ ref('int_profile__survivors') }}

),

chosen as (

    select
        survivors.field_group,
        statements.*
    from survivors
    inner join statements
        on survivors.statement_key = statements.statement_key

),

attributes as (

    select
        customer360_id,
        {% for field in profile_attributes() %}
        max(case when field_group = '{{ groups[field] }}' then {{ field }} end) as {{ field }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from chosen
    group by customer360_id

)

select * from attributes
