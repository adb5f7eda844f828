{# The project's connected components and nothing else, rendered as its models are: what the peers
   compute. Copied beside int_identity__steps in a copy of the project. #}
{%- set steps = [] -%}
{%- do connect_members(steps, 'plain', 'plain') -%}
with

steps as (

    {% for kind, name, statement in steps %}
    select
        {{ loop.index }} as step_no,
        '{{ kind }}' as kind,
        '{{ name }}' as loop_name,
        {{ dbt.string_literal(dbt.escape_single_quotes(statement)) }} as statement_text
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from steps
