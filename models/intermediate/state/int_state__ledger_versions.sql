with

versions as (

    {{ state_after('ledger') | indent(4) }}

)

select * from versions
