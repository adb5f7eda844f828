-- depends_on: {{ ref('int_identity__touched') }}
with

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

decided as (

    select record_no_one as record_no from decisions
    where record_no_one is not null
    union distinct
    select record_no_other as record_no from decisions
    where record_no_other is not null

)

select * from decided
