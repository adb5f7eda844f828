with

steps as (

    {% for kind, name, statement in identity_steps() %}
    select
        {{ loop.index }} as step_no,
        '{{ kind }}' as kind,
        '{{ name }}' as loop_name,
        {{ dbt.string_literal(dbt.escape_single_quotes(statement)) }} as statement_text
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from steps
