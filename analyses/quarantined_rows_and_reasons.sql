-- Question: what was quarantined, why, and how much of each source is that?
-- Read it: one line per source, fault and column, the most frequent first. `share_of_rows_read`
-- says whether it is a slip or a broken export; `example_key` is one row to look up at the source
-- (empty where the missing key is the fault). The rows are in customer360_quarantine.

with

quarantine as (

    select * from {{ ref('customer360_quarantine') }}

),

data_quality as (

    select * from {{ ref('customer360_data_quality') }}

),

rows_read as (

    select
        source_system,
        source_entity,
        row_count as rows_read
    from data_quality
    where check_name = 'rows_read'

),

faults as (

    select
        source_system,
        source_entity,
        {{ dbt.split_part('reason', "': '", 1) }} as fault,
        nullif({{ dbt.split_part('reason', "': '", 2) }}, '') as faulty_column,
        sum(row_count) as quarantined_rows,
        min(source_record_id) as example_key
    from quarantine
    group by source_system, source_entity, reason

)

select
    faults.source_system,
    faults.source_entity,
    faults.fault,
    faults.faulty_column,
    faults.quarantined_rows,
    round(cast(faults.quarantined_rows as decimal(18, 6)) / rows_read.rows_read, 6)
        as share_of_rows_read,
    faults.example_key
from faults
inner join rows_read
    on
        faults.source_system = rows_read.source_system
        and faults.source_entity = rows_read.source_entity
order by
    faults.quarantined_rows desc,
    faults.source_system asc,
    faults.source_entity asc,
    faults.fault asc,
    faults.faulty_column asc nulls first
