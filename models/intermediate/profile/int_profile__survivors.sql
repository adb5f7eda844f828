{% set groups = field_groups() %}

with

statements as (

    select * from {{ ref('int_profile__statements') }}

),

{% for group in groups %}
{{ group.name }}_candidates as (

    select
        customer360_id,
        statement_key,
        record_key,
        trust,
        stated_at,
        {{ wholeness(group) }} as wholeness,
        {{ strategy_criterion(group) }} as criterion,
        {{ stated_text(group) }} as stated_text
    from statements
    where {{ says_something(group) }}

),

{{ group.name }}_ranked as (

    select
        customer360_id,
        statement_key,
        trust,
        stated_at,
        wholeness,
        criterion,
        row_number() over (
            partition by customer360_id
            order by
                wholeness,
                {{ nulls_last('criterion', strategy_direction(group)) }},
                trust,
                {{ nulls_last('stated_at', 'desc') }},
                record_key,
                statement_key
        ) as place,
        count(*) over (partition by customer360_id) as candidate_count,
        min(stated_text) over (partition by customer360_id) as first_text,
        max(stated_text) over (partition by customer360_id) as last_text
    from {{ group.name }}_candidates

),

-- What the first has that the second has not decided between them.
{{ group.name }}_decided as (

    select
        customer360_id,
        '{{ group.name }}' as field_group,
        max(case when place = 1 then statement_key end) as statement_key,
        '{{ group.strategy }}' as rule,
        case
            when max(candidate_count) = 1 then 'only_candidate'
            when {{ differs('wholeness') }} then 'wholeness'
            when {{ differs('criterion') }} then 'strategy'
            when {{ differs('trust') }} then 'trust'
            when {{ differs('stated_at') }} then 'time'
            else 'record_key'
        end as decided_by,
        max(candidate_count) as candidate_count,
        min(first_text) <> max(last_text) as is_disputed
    from {{ group.name }}_ranked
    where place <= 2
    group by customer360_id

),

{% endfor %}
survivors as (

    {% for group in groups %}
    select * from {{ group.name }}_decided
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from survivors
