{# Who runs the identity statements: python (the Python model) or macro. `auto` takes the Python model
   where an engine runs one without further set-up. #}
{% macro identity_driver() -%}
    {%- if var('identity_driver') == 'auto' -%}
        {{ return(adapter.dispatch('identity_driver', 'customer360')()) }}
    {%- endif -%}
    {{ return(var('identity_driver')) }}
{%- endmacro %}

{% macro default__identity_driver() -%}
    {{ return('python') }}
{%- endmacro %}

{# A Python model there wants a bucket and a Spark or notebook runtime. #}
{% macro bigquery__identity_driver() -%}
    {{ return('macro') }}
{%- endmacro %}
