{# The moment the marts speak of. Everything that depends on time goes through here. #}
{% macro as_of() -%}
    {%- set moment = var('as_of') or (
        var('sample_as_of') if var('include_sample_data') else run_started_at.strftime('%Y-%m-%d %H:%M:%S')
    ) -%}
    cast('{{ moment }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}
