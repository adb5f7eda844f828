with

result as (

    select * from {{ run_identity_rounds() }}

),

components as (

    select
        record_no,
        customer_no,
        record_role
    from result

)

select * from components
