with

gathered as (

    select * from {{ ref('int_identity__gathered') }}

),

{% if works_on_changes() %}
standing as (

    select * from {{ standing('int_identity__records') }}

),

-- Entries of the list of blocked values that are new or gone, and who carries them.
blocked_identifiers as (

    select * from {{ ref('blocked_identifiers') }}

),

standing_blocked as (

    select * from {{ standing('int_identity__blocked') }}

),

newly_blocked as (

    select
        coalesce(blocked_identifiers.identifier_type, standing_blocked.identifier_type) as identifier_type,
        coalesce(blocked_identifiers.blocked_value, standing_blocked.blocked_value) as blocked_value
    from blocked_identifiers
    full outer join standing_blocked
        on
            blocked_identifiers.identifier_type = standing_blocked.identifier_type
            and blocked_identifiers.blocked_value = standing_blocked.blocked_value
    where blocked_identifiers.blocked_value is null or standing_blocked.blocked_value is null

),

standing_values as (

    select
        record_no,
        identifier_type,
        bare_value
    from {{ standing('int_identity__values') }}

),

rejudged as (

    select standing_values.record_no
    from standing_values
    inner join newly_blocked
        on
            standing_values.identifier_type = newly_blocked.identifier_type
            and standing_values.bare_value = newly_blocked.blocked_value
    union distinct
    select standing_values.record_no
    from standing_values
    inner join newly_blocked
        on
            standing_values.identifier_type = newly_blocked.identifier_type
            and {{ nth_part('standing_values.bare_value', '@', 1) }} || '@' = newly_blocked.blocked_value

),

compared as (

    select
        coalesce(gathered.record_key, standing.record_key) as record_key,
        standing.record_no,
        gathered.first_seen_at,
        case
            when standing.record_key is null then 'added'
            when gathered.record_key is null then 'removed'
            when gathered.record_hash <> standing.record_hash or rejudged.record_no is not null then 'changed'
            when
                gathered.row_count <> standing.row_count
                or coalesce(gathered.shown_id, '') <> coalesce(standing.shown_id, '')
                or (gathered.last_seen_at is null) <> (standing.last_seen_at is null)
                or gathered.last_seen_at <> standing.last_seen_at
                then 'seen_again'
        end as change
    from gathered
    full outer join standing
        on gathered.record_key = standing.record_key
    left join rejudged
        on standing.record_no = rejudged.record_no

),

-- A record keeps its number for as long as it is there.
numbered as (

    select
        record_key,
        coalesce(
            record_no,
            (select coalesce(max(standing.record_no), 0) from standing)
            + row_number() over (
                partition by change order by {{ nulls_last('first_seen_at') }}, record_key
            )
        ) as record_no,
        change
    from compared
    where change is not null

)

{% else %}
numbered as (

    select
        record_key,
        row_number() over (order by {{ nulls_last('first_seen_at') }}, record_key) as record_no,
        'added' as change
    from gathered

)

{% endif %}
select * from numbered
