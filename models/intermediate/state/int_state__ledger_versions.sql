with

ledger as (

    select * from {{ source('identity_state', 'ledger') }}

),

changes as (

    select * from {{ ref('int_state__ledger') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

-- What was valid until now stays so unless this generation changes it.
remembered as (

    select
        ledger.record_key,
        ledger.customer360_id,
        ledger.record_role,
        ledger.valid_from_generation,
        case
            when ledger.valid_to_generation < this_generation.generation_no
                then ledger.valid_to_generation
            when changes.record_key is not null then this_generation.generation_no
        end as valid_to_generation
    from ledger
    inner join this_generation
        on ledger.valid_from_generation < this_generation.generation_no
    left join changes
        on ledger.record_key = changes.record_key

),

added as (

    select
        changes.record_key,
        changes.customer360_id,
        changes.record_role,
        this_generation.generation_no as valid_from_generation,
        cast(null as {{ dbt.type_bigint() }}) as valid_to_generation
    from changes
    cross join this_generation
    where not changes.is_removed

),

versions as (

    select * from remembered
    union all
    select * from added

)

select * from versions
