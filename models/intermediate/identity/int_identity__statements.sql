with

statements as (

    {% for phase, kind, statement in identity_statements() %}
    select
        {{ loop.index }} as step_no,
        '{{ phase }}' as phase,
        '{{ kind }}' as kind,
        {{ dbt.string_literal(dbt.escape_single_quotes(statement)) }} as statement_text
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from statements
