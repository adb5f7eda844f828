with

touched_values as (

    select * from {{ ref('int_identity__touched_values') }}

),

-- Who carried a touched value in earnest before its links are judged again.
carriers as (

    {% if works_on_changes() %}
    select distinct
        standing.record_no,
        standing.role
    from {{ standing('int_identity__links') }} as standing
    inner join touched_values
        on
            standing.identifier_type = touched_values.identifier_type
            and standing.identifier_value = touched_values.identifier_value
    where standing.dropped_reason is null
    {% else %}
    select
        cast(null as {{ dbt.type_bigint() }}) as record_no,
        identifier_type as role
    from touched_values
    where identifier_type is null
    {% endif %}

)

select * from carriers
