{# A query: one row a day, column date_day. Not date_spine: a macro of that name would take the place
   of dbt's own, which wants its range before the query runs. #}
{% macro days_from_to(first, last) -%}
    {{ return(adapter.dispatch('days_from_to', 'customer360')(first, last)) }}
{%- endmacro %}

{% macro default__days_from_to(first, last) -%}
    select cast(spine.moment as date) as date_day
    from (
        select unnest(
            generate_series(cast({{ first }} as date), cast({{ last }} as date), interval 1 day)
        ) as moment
    ) as spine
{%- endmacro %}

{# The number of generated rows must be a constant there: enough for two hundred years. #}
{% macro snowflake__days_from_to(first, last) -%}
    select dateadd('day', spine.day_no, cast({{ first }} as date)) as date_day
    from (
        select row_number() over (order by seq4()) - 1 as day_no
        from table(generator(rowcount => 73050))
    ) as spine
    where dateadd('day', spine.day_no, cast({{ first }} as date)) <= cast({{ last }} as date)
{%- endmacro %}

{% macro bigquery__days_from_to(first, last) -%}
    select date_day
    from unnest(generate_date_array(cast({{ first }} as date), cast({{ last }} as date))) as date_day
{%- endmacro %}
