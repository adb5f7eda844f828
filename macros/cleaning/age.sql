{# Whole years at as_of. #}
{% macro age_in_years(date_of_birth) -%}
    {%- set today = "cast(" ~ as_of() ~ " as date)" -%}
    cast(
        extract(year from {{ today }}) - extract(year from {{ date_of_birth }})
        - case
            when
                extract(month from {{ today }}) * 100 + extract(day from {{ today }})
                < extract(month from {{ date_of_birth }}) * 100 + extract(day from {{ date_of_birth }})
                then 1
            else 0
        end as {{ dbt.type_int() }}
    )
{%- endmacro %}

{% macro age_group(age) -%}
    case
        when {{ age }} < 18 then 'under 18'
        when {{ age }} < 25 then '18-24'
        when {{ age }} < 35 then '25-34'
        when {{ age }} < 45 then '35-44'
        when {{ age }} < 55 then '45-54'
        when {{ age }} < 65 then '55-64'
        when {{ age }} >= 65 then '65+'
    end
{%- endmacro %}
