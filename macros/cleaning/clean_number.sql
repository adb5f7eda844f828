{# Amounts in whole cents: decimal(18, 2), null where the text is no number. #}
{% macro clean_amount(expression) -%}
    case
        when {{ regexp_contains(expression, '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)$') }}
            then {{ try_cast_as(expression, 'decimal(18, 2)') }}
    end
{%- endmacro %}

{# Any other measure: decimal(28, 6), null where the text is no number. #}
{% macro clean_decimal(expression) -%}
    case
        when {{ regexp_contains(expression, '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)$') }}
            then {{ try_cast_as(expression, 'decimal(28, 6)') }}
    end
{%- endmacro %}

{# Whole numbers only: engines disagree on what '12.7' is as an integer. #}
{% macro clean_integer(expression) -%}
    case
        when {{ regexp_contains(expression, '^[+-]?[0-9]{1,15}([.]0+)?$') }}
            then cast({{ try_cast_as(expression, 'decimal(18, 2)') }} as {{ dbt.type_bigint() }})
    end
{%- endmacro %}

{# An amount in a currency's least units (cents, yen, fils) as whole cents, half a cent away from zero;
   `digits`: how many decimals the currency has, 2 where nobody says. #}
{% macro major_amount(minor, digits) -%}
    cast(
        case coalesce({{ digits }}, 2)
            when 0 then {{ minor }} * 100
            when 2 then {{ minor }}
            when 3 then sign({{ minor }}) * floor((abs({{ minor }}) + 5) / 10)
        end as decimal(18, 2)
    ) / 100
{%- endmacro %}

{# Yes and no in English, German, French and Spanish. #}
{% macro clean_boolean(expression) -%}
    case
        when
            lower({{ expression }}) in (
                'true', 't', 'yes', 'y', '1', 'on', 'ja', 'wahr', 'oui', 'vrai', 'si', 'sí', 'verdadero'
            )
            then true
        when
            lower({{ expression }}) in (
                'false', 'f', 'no', 'n', '0', 'off', 'nein', 'falsch', 'non', 'faux', 'falso'
            )
            then false
    end
{%- endmacro %}
