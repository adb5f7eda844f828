{# The earlier or later of two values, passing over null: engines disagree on least(1, null). #}
{% macro earliest(first, second) -%}
    case
        when {{ second }} is null or {{ first }} <= {{ second }} then {{ first }}
        else {{ second }}
    end
{%- endmacro %}

{% macro latest(first, second) -%}
    case
        when {{ second }} is null or {{ first }} >= {{ second }} then {{ first }}
        else {{ second }}
    end
{%- endmacro %}
