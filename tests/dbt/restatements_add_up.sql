{# Rows whose parts do not add up: of one restatement, of one generation's customers, or between
   what a figure had become and what it was taken to be. #}
with

restatements as (

    select * from {{ ref('customer360_restatements') }}

),

followed as (

    select
        generation_no,
        figure,
        value_before,
        identity_effect,
        data_effect,
        value_after,
        lag(value_after) over (
            partition by figure, customer360_id, source_system order by generation_no
        ) as value_published
    from restatements

),

generations as (

    select
        generation_no,
        sum(case when figure = 'customer_revenue' then identity_effect else 0 end) as moved_between,
        sum(case when figure = 'customer_revenue' then data_effect else 0 end) as moved_by_data,
        sum(case when figure = 'total_revenue' then identity_effect else 0 end)
            as total_moved_between,
        sum(case when figure = 'total_revenue' then data_effect else 0 end) as total_moved_by_data
    from restatements
    where generation_no > 1
    group by generation_no

)

select
    generation_no,
    figure
from followed
where
    value_before + identity_effect + data_effect <> value_after
    or value_before <> coalesce(value_published, value_before)

union all

select
    generation_no,
    'customer_revenue' as figure
from generations
where
    moved_between <> 0
    or total_moved_between <> 0
    or moved_by_data <> total_moved_by_data
