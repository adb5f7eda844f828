{# The value of a key in a nested list of keys and values, as text: of its fields, one for each type,
   the first that is not null. A key that stands twice has the value it has first. #}
{% macro nested_value_text(column, key, fields) -%}
    {{ return(adapter.dispatch('nested_value_text', 'customer360')(column, key, fields)) }}
{%- endmacro %}

{% macro default__nested_value_text(column, key, fields) -%}
    {%- set values = [] -%}
    {%- for field in fields -%}
        {%- do values.append(
            "cast(list_filter(" ~ column ~ ", lambda member: member.key = '" ~ key ~ "')[1].value." ~ field
            ~ " as " ~ dbt.type_string() ~ ")"
        ) -%}
    {%- endfor -%}
    coalesce({{ values | join(', ') }})
{%- endmacro %}

{% macro snowflake__nested_value_text(column, key, fields) -%}
    {%- set values = [] -%}
    {%- for field in fields -%}
        {%- do values.append(
            "cast(get_path(filter(cast(" ~ column ~ " as array), member -> cast(member['key'] as " ~ dbt.type_string() ~ ") = '"
            ~ key ~ "'), '[0].value." ~ field ~ "') as " ~ dbt.type_string() ~ ")"
        ) -%}
    {%- endfor -%}
    coalesce({{ values | join(', ') }})
{%- endmacro %}

{% macro bigquery__nested_value_text(column, key, fields) -%}
    {%- set values = [] -%}
    {%- for field in fields -%}
        {%- do values.append("cast(member.value." ~ field ~ " as " ~ dbt.type_string() ~ ")") -%}
    {%- endfor -%}
    (
        select coalesce({{ values | join(', ') }})
        from unnest({{ column }}) as member with offset as place
        where member.key = '{{ key }}'
        order by place
        limit 1
    )
{%- endmacro %}
