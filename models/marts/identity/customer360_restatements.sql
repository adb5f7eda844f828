with

restatements as (

    select * from {{ ref('int_state__restatements_known') }}

),

generations as (

    select * from {{ ref('int_state__generations_known') }}

),

final as (

    select
        -- keys
        {{ dbt.hash(
            "cast(restatements.generation_no as " ~ dbt.type_string()
            ~ ") || '|' || restatements.figure || '|' || coalesce(restatements.customer360_id, '') || '|'"
            ~ " || coalesce(restatements.source_system, '')"
        ) }} as restatement_key,
        restatements.customer360_id,

        -- attributes
        restatements.figure,
        restatements.source_system,
        restatements.id_change_keys,

        -- measures
        restatements.value_before,
        restatements.identity_effect,
        restatements.data_effect,
        restatements.value_after,
        restatements.generation_no,

        -- times
        generations.generated_at as restated_at
    from restatements
    inner join generations
        on restatements.generation_no = generations.generation_no

)

select * from final
