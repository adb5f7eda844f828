{# A query: the values of which more items than `most` are carriers, all in all or, with `days`, in some
   window of so many times 24 hours, half open. carriers: identifier_value, item, first_seen_at,
   last_seen_at. An item of unknown time lies in every window. #}
{% macro crowded_values(carriers, most, days=none) -%}
    {%- if days -%}
    {{ crowded_in_windows(carriers, most, days) }}
    {%- else -%}
    select identifier_value
    from {{ carriers }}
    group by identifier_value
    having count(distinct item) > {{ most }}
    {%- endif -%}
{%- endmacro %}

{# An item is in the windows that start in (first - days, last]. Spans of one item that meet are merged;
   the sum of what began and ended so far is the number of items in the windows that start just then.
   One sort, whatever the number of carriers. #}
{% macro crowded_in_windows(carriers, most, days) -%}
    with timeless as (
        select distinct identifier_value, item from {{ carriers }} where first_seen_at is null
    ),
    timeless_counts as (
        select identifier_value, count(*) as item_count from timeless group by identifier_value
    ),
    spans as (
        select
            carriers.identifier_value,
            carriers.item,
            {{ days_later('carriers.first_seen_at', -days) }} as starts_after,
            coalesce(carriers.last_seen_at, carriers.first_seen_at) as ends_at
        from {{ carriers }} as carriers
        left join timeless
            on carriers.identifier_value = timeless.identifier_value and carriers.item = timeless.item
        where timeless.item is null
    ),
    reached as (
        select
            identifier_value,
            item,
            starts_after,
            ends_at,
            max(ends_at) over (
                partition by identifier_value, item order by starts_after, ends_at
                rows between unbounded preceding and 1 preceding
            ) as reached_at
        from spans
    ),
    numbered as (
        select
            identifier_value,
            item,
            starts_after,
            ends_at,
            sum(case when starts_after <= reached_at then 0 else 1 end) over (
                partition by identifier_value, item order by starts_after, ends_at
                rows between unbounded preceding and current row
            ) as span_no
        from reached
    ),
    merged as (
        select
            identifier_value,
            min(starts_after) as starts_after,
            max(ends_at) as ends_at
        from numbered
        group by identifier_value, item, span_no
    ),
    moments as (
        select identifier_value, starts_after as moment, 1 as change from merged
        union all
        select identifier_value, ends_at as moment, -1 as change from merged
    ),
    counted as (
        select
            moments.identifier_value,
            coalesce(timeless_counts.item_count, 0) + sum(moments.change) over (
                partition by moments.identifier_value order by moments.moment, moments.change
                rows between unbounded preceding and current row
            ) as item_count
        from moments
        left join timeless_counts
            on moments.identifier_value = timeless_counts.identifier_value
        union all
        select identifier_value, item_count from timeless_counts
    )
    select distinct identifier_value from counted where item_count > {{ most }}
{%- endmacro %}
