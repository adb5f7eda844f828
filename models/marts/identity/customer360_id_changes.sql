with

id_changes as (

    select * from {{ ref('int_state__id_changes_known') }}

),

generations as (

    select * from {{ ref('int_state__generations_known') }}

),

final as (

    select
        {{ id_change_key('id_changes', 'id_changes') }} as id_change_key,
        id_changes.customer360_id,
        id_changes.change,
        id_changes.other_customer360_id,
        id_changes.cause,
        id_changes.cause_detail,
        id_changes.record_count,
        id_changes.generation_no,
        generations.generated_at as changed_at
    from id_changes
    inner join generations
        on id_changes.generation_no = generations.generation_no

)

select * from final
