with

touches as (

    select * from {{ ref('int_marketing__touches') }}

),

numbered as (

    select
        customer360_id,
        source,
        medium,
        campaign,
        touched_at,
        row_number() over (partition by customer360_id order by touched_at, touch_key) as touch_no,
        row_number() over (
            partition by customer360_id order by touched_at desc, touch_key desc
        ) as touch_no_from_last
    from touches

),

first_and_last as (

    select
        customer360_id,
        max(case when touch_no = 1 then source end) as acquisition_source,
        max(case when touch_no = 1 then medium end) as acquisition_medium,
        max(case when touch_no = 1 then campaign end) as acquisition_campaign,
        max(case when touch_no = 1 then touched_at end) as acquisition_at,
        max(case when touch_no_from_last = 1 then source end) as last_touch_source,
        max(case when touch_no_from_last = 1 then medium end) as last_touch_medium,
        max(case when touch_no_from_last = 1 then campaign end) as last_touch_campaign
    from numbered
    where touch_no = 1 or touch_no_from_last = 1
    group by customer360_id

)

select * from first_and_last
