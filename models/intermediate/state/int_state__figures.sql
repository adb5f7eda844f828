with

remembered as (

    {{ state_before('figures') | indent(4) }}

),

figures as (

    select * from {{ ref('int_state__record_figures') }}

),

compared as (

    select
        coalesce(figures.record_key, remembered.record_key) as record_key,
        figures.revenue,
        figures.orders_count,
        remembered.revenue as revenue_before,
        remembered.orders_count as orders_count_before
    from figures
    full outer join remembered
        on figures.record_key = remembered.record_key

),

changed as (

    select
        record_key,
        revenue,
        orders_count,
        orders_count is null as is_removed
    from compared
    where
        revenue is distinct from revenue_before
        or orders_count is distinct from orders_count_before

)

select * from changed
