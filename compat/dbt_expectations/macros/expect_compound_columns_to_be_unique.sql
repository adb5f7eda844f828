{#
    One failing row for each combination of values that occurs more than once, however often.

    Nulls count as equal to each other. ignore_row_if says which rows are left out beforehand:
    all_values_are_missing or any_value_is_missing.
#}
{% test expect_compound_columns_to_be_unique(
    model,
    column_list,
    quote_columns=false,
    ignore_row_if='all_values_are_missing',
    row_condition=none
) %}
    {%- if not column_list -%}
        {{ exceptions.raise_compiler_error('column_list must name at least one column') }}
    {%- endif -%}
    {%- set glue = {'all_values_are_missing': ' or ', 'any_value_is_missing': ' and '}.get(ignore_row_if) -%}
    {%- if not glue -%}
        {{ exceptions.raise_compiler_error(
            'ignore_row_if is all_values_are_missing or any_value_is_missing, not ' ~ ignore_row_if
        ) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- set filled = [] -%}
    {%- for column in column_list -%}
        {%- set name = adapter.quote(column) if quote_columns else column -%}
        {%- do columns.append(name) -%}
        {%- do filled.append(name ~ ' is not null') -%}
    {%- endfor %}
select count(*) as row_count
from {{ model }}
where
    ({{ filled | join(glue) }})
    {%- if row_condition %}
    and ({{ row_condition }})
    {%- endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
