with

judged as (

    select * from {{ ref('base_web__events') }}

),

kept as (

    select * from judged
    where row_status = 'kept'

)

select * from kept
