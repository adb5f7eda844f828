with

result as (

    select * from {{ run_identity_steps() }}

),

resolved as (

    select
        record_no,
        customer_no,
        record_role,
        component_no,
        weak_component_no,
        identifier_type,
        identifier_value,
        reason
    from result

)

select * from resolved
