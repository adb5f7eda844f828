with

known as (

    {{ state_after('id_changes') | indent(4) }}

)

select * from known
