{% set limits = health_limits() %}

with

remembered as (

    {{ state_before('health') | indent(4) }}

),

measured as (

    select * from {{ ref('int_state__health_measured') }}

),

judged as (

    select
        figure,
        figure_value,
        cast(
            case figure
                {% for known in health_figures() %}
                when '{{ known }}' then {{ 'null' if limits.get(known) is none else limits[known] }}
                {% endfor %}
            end as decimal(18, 6)
        ) as warn_above
    from measured

),

compared as (

    select
        coalesce(judged.figure, remembered.figure) as figure,
        judged.figure_value,
        judged.warn_above,
        judged.figure is null as is_removed,
        remembered.figure is null as is_new,
        remembered.figure_value as figure_value_before,
        remembered.warn_above as warn_above_before
    from judged
    full outer join remembered
        on judged.figure = remembered.figure

),

changed as (

    select
        figure,
        figure_value,
        warn_above,
        is_removed
    from compared
    where
        is_new
        or is_removed
        or coalesce(figure_value, -1) <> coalesce(figure_value_before, -1)
        or coalesce(warn_above, -1) <> coalesce(warn_above_before, -1)

)

select * from changed
