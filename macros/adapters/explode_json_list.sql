{# A `from` clause that gives one row per member of the text of a JSON list, beside the relation's own
   columns (alias `lists`). #}
{% macro explode_json_list(relation, json_column, member) -%}
    {{ return(adapter.dispatch('explode_json_list', 'customer360')(relation, json_column, member)) }}
{%- endmacro %}

{% macro default__explode_json_list(relation, json_column, member) -%}
    (
        select
            *,
            unnest(
                case
                    when json_type(try_cast({{ json_column }} as json)) = 'ARRAY'
                        then from_json(try_cast({{ json_column }} as json), '["varchar"]')
                end
            ) as {{ member }}
        from {{ relation }}
    ) as lists
{%- endmacro %}

{% macro snowflake__explode_json_list(relation, json_column, member) -%}
    (
        select relation_rows.*, cast(members.value as {{ dbt.type_string() }}) as {{ member }}
        from {{ relation }} as relation_rows,
            lateral flatten(
                input => as_array(try_parse_json(relation_rows.{{ json_column }}))
            ) as members
    ) as lists
{%- endmacro %}

{% macro bigquery__explode_json_list(relation, json_column, member) -%}
    (
        select relation_rows.*, {{ member }}
        from {{ relation }} as relation_rows,
            unnest(
                case
                    when json_type(safe.parse_json(relation_rows.{{ json_column }})) = 'array'
                        then json_value_array(safe.parse_json(relation_rows.{{ json_column }}))
                end
            ) as {{ member }}
    ) as lists
{%- endmacro %}
