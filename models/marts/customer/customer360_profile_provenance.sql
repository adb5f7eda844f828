with

profiles as (

    select * from {{ ref('int_profile__assembled') }}

),

attributes as (

    select * from {{ ref('int_profile__attributes') }}

),

survivors as (

    select * from {{ ref('int_profile__survivors') }}

),

statements as (

    select * from {{ ref('int_profile__statements') }}

),

email_chosen as (

    select * from {{ ref('int_consent__email_chosen') }}

),

shown as (

    -- A profile shows interests as a list; a row of a source says them in one text.
    {% for field, group in fields_with_provenance().items() %}
    select
        customer360_id,
        '{{ field }}' as field,
        '{{ group }}' as field_group,
        {{ value_text(field, profile_attributes().get(field, 'string')) }} as field_value
    from {{ 'attributes' if field == 'interests' else 'profiles' }}
    where {{ field }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

survived as (

    select
        -- keys
        shown.customer360_id,
        statements.record_key,

        -- attributes
        shown.field,
        shown.field_value,
        statements.source_system,
        statements.source_record_id,
        survivors.rule,
        survivors.decided_by,
        survivors.is_disputed,

        -- measures
        {{ count_or_zero('survivors.candidate_count') }} as candidate_count,

        -- times
        statements.stated_at as recorded_at
    from shown
    inner join survivors
        on
            shown.customer360_id = survivors.customer360_id
            and shown.field_group = survivors.field_group
    inner join statements
        on survivors.statement_key = statements.statement_key

),

-- Consent is chosen by no strategy: the latest word counts.
consented as (

    select
        -- keys
        profiles.customer360_id,
        email_chosen.record_key,

        -- attributes
        'opt_in_status' as field,
        profiles.opt_in_status as field_value,
        email_chosen.source_system,
        email_chosen.source_record_id,
        'latest_statement' as rule,
        email_chosen.decided_by,
        email_chosen.is_disputed,

        -- measures
        {{ count_or_zero('email_chosen.candidate_count') }} as candidate_count,

        -- times
        email_chosen.stated_at as recorded_at
    from profiles
    inner join email_chosen
        on profiles.customer360_id = email_chosen.customer360_id

),

final as (

    select * from survived
    union all
    select * from consented

)

select * from final
