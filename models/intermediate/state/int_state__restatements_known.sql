with

known as (

    {{ state_after('restatements') | indent(4) }}

)

select * from known
