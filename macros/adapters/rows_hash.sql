{# A text that stands for the contents of all rows, in whatever order they come. It is compared only with
   one that the same engine made. #}
{% macro rows_hash(columns) -%}
    {{ return(adapter.dispatch('rows_hash', 'customer360')(columns)) }}
{%- endmacro %}

{% macro default__rows_hash(columns) -%}
    cast(sum(cast(hash({{ columns | join(', ') }}) as hugeint)) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro snowflake__rows_hash(columns) -%}
    cast(sum(hash({{ columns | join(', ') }})) as {{ dbt.type_string() }})
{%- endmacro %}

{# Equal rows would cancel each other out under "exclusive or"; the marts' keys keep rows different. #}
{% macro bigquery__rows_hash(columns) -%}
    cast(bit_xor(farm_fingerprint(to_json_string(struct({{ columns | join(', ') }})))) as {{ dbt.type_string() }})
{%- endmacro %}
