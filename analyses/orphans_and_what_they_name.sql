-- Question: which rows name an order, product, agent ... that is not there?
-- Read it: one line per table, column and missing value, the most frequent first:
-- `missing_value` is what to look for in `missing_from`, `example_key` one row that names it. One
-- value in many rows is a row that was lost; many values in one column are a table that was cut
-- off, or a namespace that the two do not share. Reads intermediate models, which are in the
-- working file only.

with

orphans as (

    select * from {{ ref('int_quality__orphaned') }}

)

select
    source_system,
    source_entity,
    reference_column,
    referenced_entity as missing_from,
    reference_value as missing_value,
    count(*) as orphan_rows,
    min(source_record_id) as example_key
from orphans
group by source_system, source_entity, reference_column, referenced_entity, reference_value
order by
    orphan_rows desc,
    source_system asc,
    source_entity asc,
    reference_column asc,
    missing_value asc
