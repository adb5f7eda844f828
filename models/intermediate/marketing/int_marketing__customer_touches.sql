with

events as (

    select * from {{ ref('int_events__attributed') }}

),

-- A touch is an event that says which campaign or site brought the visitor.
touches as (

    select
        customer360_id,
        event_id,
        utm_source,
        utm_medium,
        utm_campaign,
        occurred_at,
        row_number() over (partition by customer360_id order by occurred_at, event_id) as touch_no,
        row_number() over (
            partition by customer360_id order by occurred_at desc, event_id desc
        ) as touch_no_from_last
    from events
    where utm_source is not null

),

first_and_last as (

    select
        customer360_id,
        max(case when touch_no = 1 then utm_source end) as acquisition_source,
        max(case when touch_no = 1 then utm_medium end) as acquisition_medium,
        max(case when touch_no = 1 then utm_campaign end) as acquisition_campaign,
        max(case when touch_no = 1 then occurred_at end) as acquisition_at,
        max(case when touch_no_from_last = 1 then utm_source end) as last_touch_source,
        max(case when touch_no_from_last = 1 then utm_medium end) as last_touch_medium,
        max(case when touch_no_from_last = 1 then utm_campaign end) as last_touch_campaign
    from touches
    where touch_no = 1 or touch_no_from_last = 1
    group by customer360_id

)

select * from first_and_last
