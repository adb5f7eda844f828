with

anchors as (

    select * from {{ ref('int_state__anchors') }}

),

minted as (

    select * from {{ ref('int_state__ids') }}

),

ledger_versions as (

    select * from {{ ref('int_state__ledger_versions') }}

),

profile_versions as (

    select * from {{ ref('int_state__profile_versions_known') }}

),

generations as (

    select * from {{ ref('int_state__generations_known') }}

),

mintings as (

    select
        customer360_id,
        minted_generation_no
    from anchors
    union all
    select
        customer360_id,
        minted_generation_no
    from minted

),

created as (

    select
        customer360_id,
        min(minted_generation_no) as generation_no
    from mintings
    group by customer360_id

),

-- A record that came or went, or a remembered field that got, changed or lost its value.
changes as (

    {% for versions in ('ledger_versions', 'profile_versions') %}
    select
        customer360_id,
        {{ latest('valid_from_generation', 'valid_to_generation') }} as generation_no
    from {{ versions }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

updated as (

    select
        customer360_id,
        max(generation_no) as generation_no
    from changes
    group by customer360_id

),

times as (

    select
        created.customer360_id,
        minting.generated_at as created_at,
        change.generated_at as updated_at
    from created
    inner join updated
        on created.customer360_id = updated.customer360_id
    inner join generations as minting
        on created.generation_no = minting.generation_no
    inner join generations as change
        on updated.generation_no = change.generation_no

)

select * from times
