with

generations as (

    select * from {{ source('identity_state', 'generations') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

last_generation as (

    select coalesce(max(generation_no), 0) as generation_no from generations

),

-- One text for all decisions, whatever the order of their rows.
all_decisions as (

    select
        count(*) as decision_count,
        sum({{ hash_bucket('decision_key', 1000003) }}) as decision_sum
    from decisions

),

this_generation as (

    select
        last_generation.generation_no + 1 as generation_no,
        {{ as_of() }} as generated_at,
        {{ 'true' if var('include_sample_data') else 'false' }} as is_sample_data,
        '{{ local_md5(tojson(policy_entries())) }}' as policy_hash,
        {{ joined_text([
            'cast(all_decisions.decision_count as ' ~ dbt.type_string() ~ ')',
            'cast(coalesce(all_decisions.decision_sum, 0) as ' ~ dbt.type_string() ~ ')',
        ], '-') }} as decisions_hash,
        '{{ var("code_version") }}' as code_version,
        '{{ invocation_id }}' as invocation_id
    from last_generation
    cross join all_decisions

)

select * from this_generation
