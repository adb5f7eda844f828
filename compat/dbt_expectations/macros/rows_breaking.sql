{#
    The rows of a relation for which a condition is false, as a test query.

    model: the relation. condition: a boolean SQL expression; a row where it is null passes.
    row_condition: SQL that picks the rows to look at; none looks at all of them.

    Only the verdict is selected: a failing row that dbt stores or prints shows nobody's data.
#}
{% macro rows_breaking(model, condition, row_condition=none) %}
with

judged as (

    select ({{ condition }}) as is_expected
    from {{ model }}
    {%- if row_condition %}
    where {{ row_condition }}
    {%- endif %}

)

select is_expected
from judged
where not is_expected
{% endmacro %}
