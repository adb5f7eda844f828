{# Amounts in whole cents: decimal(18, 2), null where the text is no number. #}
{% macro clean_amount(expression) -%}
    case
        when {{ regexp_contains(expression, '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)$') }}
            then {{ try_cast_as(expression, 'decimal(18, 2)') }}
    end
{%- endmacro %}

{# Whole numbers only: engines disagree on what '12.7' is as an integer. #}
{% macro clean_integer(expression) -%}
    case
        when {{ regexp_contains(expression, '^[+-]?[0-9]{1,15}([.]0+)?$') }}
            then cast({{ try_cast_as(expression, 'decimal(18, 2)') }} as {{ dbt.type_bigint() }})
    end
{%- endmacro %}

{% macro clean_boolean(expression) -%}
    case
        when lower({{ expression }}) in ('true', 't', 'yes', 'y', '1', 'on') then true
        when lower({{ expression }}) in ('false', 'f', 'no', 'n', '0', 'off') then false
    end
{%- endmacro %}
