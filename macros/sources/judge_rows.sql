{# Why a raw row cannot be used, or null. The first fault found is the one told.
   key: the row's own key. required_times / times: contract columns that hold times, the former
   must be there. numbers / integers: contract columns that must be numbers where they are filled. #}
{% macro quarantine_reason(row, key, required_keys=[], required_times=[], times=[], numbers=[], integers=[]) -%}
    case
        when {{ row }}.raw_characters > {{ var('max_row_characters') }} then 'row_too_long'
        {%- for column in [key] + required_keys %}
        when {{ clean_id(row ~ '.' ~ column) }} is null then 'missing_key: {{ column }}'
        {%- endfor %}
        {%- for column in required_times %}
        when {{ clean_text(row ~ '.' ~ column) }} is null then 'missing_time: {{ column }}'
        {%- endfor %}
        {%- for column in required_times + times %}
        when {{ clean_text(row ~ '.' ~ column) }} is not null and {{ clean_timestamp(row ~ '.' ~ column) }} is null
            then 'wrong_type: {{ column }}'
        when
            {{ clean_timestamp(row ~ '.' ~ column) }} < cast('1900-01-01' as {{ dbt.type_timestamp() }})
            or {{ clean_timestamp(row ~ '.' ~ column) }} > {{ dbt.dateadd('day', 1, as_of()) }}
            then 'impossible_time: {{ column }}'
        {%- endfor %}
        {%- for column in numbers %}
        when {{ clean_text(row ~ '.' ~ column) }} is not null and {{ clean_amount(row ~ '.' ~ column) }} is null
            then 'wrong_type: {{ column }}'
        {%- endfor %}
        {%- for column in integers %}
        when {{ clean_text(row ~ '.' ~ column) }} is not null and {{ clean_integer(row ~ '.' ~ column) }} is null
            then 'wrong_type: {{ column }}'
        {%- endfor %}
    end
{%- endmacro %}

{# kept, duplicate or quarantined. Of the usable rows of one key the latest version is kept; the raw
   text settles what time cannot, so that the order of rows never does. #}
{% macro row_status(key, version_times) -%}
    case
        when quarantine_reason is not null then 'quarantined'
        when
            row_number() over (
                partition by {{ key }}, quarantine_reason
                order by
                    {%- for column in version_times %}
                    {{ column }} desc nulls last,
                    {%- endfor %}
                    raw_row
            ) > 1
            then 'duplicate'
        else 'kept'
    end
{%- endmacro %}
