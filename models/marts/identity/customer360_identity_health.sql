{% set figures = health_figures() %}

with

health as (

    select * from {{ ref('int_state__health_known') }}

),

generations as (

    select * from {{ ref('int_state__generations_known') }}

),

final as (

    select
        -- keys
        health.figure,

        -- attributes
        case health.figure
            {% for figure, about in figures.items() %}
            when '{{ figure }}' then '{{ about.aspect }}'
            {% endfor %}
        end as aspect,
        case health.figure
            {% for figure, about in figures.items() %}
            when '{{ figure }}' then '{{ about.unit }}'
            {% endfor %}
        end as unit,
        health.valid_to_generation is null as is_current,
        coalesce(health.figure_value > health.warn_above, false) as is_alarm,

        -- measures
        health.figure_value,
        health.warn_above,
        health.valid_from_generation,
        health.valid_to_generation,

        -- times
        begun.generated_at as valid_from_at,
        ended.generated_at as valid_to_at
    from health
    inner join generations as begun
        on health.valid_from_generation = begun.generation_no
    left join generations as ended
        on health.valid_to_generation = ended.generation_no

)

select * from final
