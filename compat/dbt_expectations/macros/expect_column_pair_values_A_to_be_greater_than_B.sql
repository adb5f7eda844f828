{# One failing row for each row where A is not greater than B; or_equal lets equal values pass. #}
{% test expect_column_pair_values_A_to_be_greater_than_B(
    model, column_A, column_B, or_equal=false, row_condition=none
) %}
    {%- set condition = column_A ~ (' >= ' if or_equal else ' > ') ~ column_B -%}
    {{ dbt_expectations.rows_breaking(model, condition, row_condition) }}
{% endtest %}
