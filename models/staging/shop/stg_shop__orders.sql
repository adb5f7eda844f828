with

judged as (

    select * from {{ ref('base_shop__orders') }}

),

kept as (

    select * from judged
    where row_status = 'kept'

)

select * from kept
