{# Why a raw row cannot be used, or null. The first fault found is the one told. Judged is what raw()
   gave beside what became of it: the time in column x is held against x_utc, the number in column x
   against x_number.
   keys: contract columns that must be filled. required_times / times: contract columns that hold
   times, the former must be there. planned_times: times that may well be to come, such as an end.
   numbers: contract columns that must be numbers where filled. #}
{% macro quarantine_reason(row, keys, required_times=[], times=[], planned_times=[], numbers=[]) -%}
    case
        when {{ row }}.raw_characters > {{ var('max_row_characters') }} then 'row_too_long'
        {%- for column in keys %}
        when {{ row }}.{{ column }} is null then 'missing_key: {{ column }}'
        {%- endfor %}
        {%- for column in required_times %}
        when {{ row }}.{{ column }} is null then 'missing_time: {{ column }}'
        {%- endfor %}
        {%- for column in required_times + times + planned_times %}
        when {{ row }}.{{ column }} is not null and {{ row }}.{{ column }}_utc is null
            then 'wrong_type: {{ column }}'
        when
            {{ row }}.{{ column }}_utc < cast('1900-01-01' as {{ dbt.type_timestamp() }})
            {%- if column not in planned_times %}
            or {{ row }}.{{ column }}_utc > {{ days_later(as_of(), 1) }}
            {%- endif %}
            then 'impossible_time: {{ column }}'
        {%- endfor %}
        {%- for column in numbers %}
        when {{ row }}.{{ column }} is not null and {{ row }}.{{ column }}_number is null
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
