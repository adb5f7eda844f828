with

judged as (

    select * from {{ ref('base_shop__order_items') }}

),

kept as (

    select * from judged
    where row_status = 'kept'

)

select * from kept
