{% set key_text = "source_system || ':' || source_entity || ':' || check_name || ':' || reason" %}

with

checks as (

    select * from {{ ref('int_quality__checks_counted') }}

),

limited as (

    select
        source_system,
        source_entity,
        check_name,
        reason,
        row_count,
        whole_count,
        limited_count,
        {{ quality_limit('warn') }} as warn_above,
        {{ quality_limit('stop') }} as stop_above,
        latest_at
    from checks

),

final as (

    select
        -- keys
        {{ dbt.hash(key_text) }} as data_quality_id,

        -- attributes
        source_system,
        source_entity,
        check_name,
        reason,
        case
            when limited_count > stop_above * whole_count then 'stop'
            when limited_count > warn_above * whole_count then 'warn'
            else 'none'
        end as alarm,

        -- measures
        row_count,
        {{ share_of('row_count', 'whole_count') }} as share,
        warn_above,
        stop_above,

        -- times
        latest_at
    from limited

)

select * from final
