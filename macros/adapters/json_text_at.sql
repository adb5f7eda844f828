{# `path`: names of keys, from the outermost in. Objects and lists are not text: engines disagree on
   how they are written. #}
{% macro json_text_at(expression, path) -%}
    {{ return(adapter.dispatch('json_text_at', 'customer360')(expression, path)) }}
{%- endmacro %}

{% macro default__json_text_at(expression, path) -%}
    {%- set place = '$."' ~ path | join('"."') ~ '"' -%}
    case
        when
            json_type(try_cast({{ expression }} as json), '{{ place }}') not in ('OBJECT', 'ARRAY', 'NULL')
            then try_cast({{ expression }} as json) ->> '{{ place }}'
    end
{%- endmacro %}

{% macro snowflake__json_text_at(expression, path) -%}
    {%- set value = "try_parse_json(" ~ expression ~ ")['" ~ path | join("']['") ~ "']" -%}
    case
        when not (is_object({{ value }}) or is_array({{ value }}))
            then cast({{ value }} as {{ dbt.type_string() }})
    end
{%- endmacro %}

{% macro bigquery__json_text_at(expression, path) -%}
    json_value(safe.parse_json({{ expression }}), '$."{{ path | join('"."') }}"')
{%- endmacro %}
