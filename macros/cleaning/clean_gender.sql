{# female, male, or what was stated. #}
{% macro clean_gender(expression) -%}
    {%- set stated = lookup_text(expression) -%}
    case
        when {{ stated }} in ('f', 'female', 'w', 'woman', 'mrs', 'ms', 'miss', 'weiblich', 'femme', 'mujer') then 'female'
        when {{ stated }} in ('m', 'male', 'man', 'mr', 'mannlich', 'homme', 'hombre') then 'male'
        else {{ stated }}
    end
{%- endmacro %}
