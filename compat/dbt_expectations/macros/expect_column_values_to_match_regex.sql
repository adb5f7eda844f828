{# One failing row for each value without a match of the pattern; a match may lie anywhere in it. #}
{% test expect_column_values_to_match_regex(
    model, column_name, regex, row_condition=none, is_raw=false, flags=''
) %}
    {%- set condition = dbt_expectations.contains_match(column_name, regex, is_raw, flags) -%}
    {{ dbt_expectations.rows_breaking(model, condition, row_condition) }}
{% endtest %}
