with

versions as (

    {{ state_after('health') | indent(4) }}

)

select * from versions
