{# One failing row for each value outside the bounds. #}
{% test expect_column_values_to_be_between(
    model, column_name, min_value=none, max_value=none, row_condition=none, strictly=false
) %}
    {%- set condition = dbt_expectations.is_between(column_name, min_value, max_value, strictly) -%}
    {{ dbt_expectations.rows_breaking(model, condition, row_condition) }}
{% endtest %}
