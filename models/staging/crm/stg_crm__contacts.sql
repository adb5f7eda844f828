with

judged as (

    select * from {{ ref('base_crm__contacts') }}

),

kept as (

    select * from judged
    where row_status = 'kept'

)

select * from kept
