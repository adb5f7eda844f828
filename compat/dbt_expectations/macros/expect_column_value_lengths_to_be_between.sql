{# One failing row for each value with too few or too many characters. #}
{% test expect_column_value_lengths_to_be_between(
    model, column_name, min_value=none, max_value=none, row_condition=none, strictly=false
) %}
    {%- set characters = dbt.length(column_name) | trim -%}
    {%- set condition = dbt_expectations.is_between(characters, min_value, max_value, strictly) -%}
    {{ dbt_expectations.rows_breaking(model, condition, row_condition) }}
{% endtest %}
