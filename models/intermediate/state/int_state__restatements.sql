{% set no_text = "cast(null as " ~ dbt.type_string() ~ ")" %}
{% set maps = ['before', 'mapped', 'now'] %}

with

figure_maps as (

    select * from {{ ref('int_state__figure_maps') }}

),

id_changes as (

    select * from {{ ref('int_state__id_changes') }}

),

this_generation as (

    select * from {{ ref('int_state__generation') }}

),

-- The previous data under the previous map, the previous data under this map, and this data.
placed as (

    {% for map in maps %}
    select
        '{{ map }}' as map_name,
        customer360_id_{{ map }} as customer360_id,
        source_system,
        is_identified_{{ map }} as is_identified,
        {{ 'revenue_now' if map == 'now' else 'revenue_before' }} as revenue
    from figure_maps
    where customer360_id_{{ map }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

by_source as (

    select
        map_name,
        customer360_id,
        source_system,
        max(case when is_identified then 1 else 0 end) as is_identified,
        count(*) as record_count,
        sum(revenue) as revenue,
        count(*) over (partition by map_name, customer360_id) as source_count
    from placed
    group by map_name, customer360_id, source_system

),

by_customer as (

    select
        map_name,
        customer360_id,
        max(is_identified) as is_identified,
        sum(revenue) as revenue
    from by_source
    group by map_name, customer360_id

),

-- The first generation restates nothing: it has totals and no customers.
measured as (

    select
        map_name,
        'customers' as figure,
        {{ no_text }} as customer360_id,
        {{ no_text }} as source_system,
        count(*) as figure_value
    from by_customer
    group by map_name
    union all
    select
        map_name,
        'identified_customers' as figure,
        {{ no_text }} as customer360_id,
        {{ no_text }} as source_system,
        sum(is_identified) as figure_value
    from by_customer
    group by map_name
    union all
    select
        map_name,
        'total_revenue' as figure,
        {{ no_text }} as customer360_id,
        {{ no_text }} as source_system,
        sum(revenue) as figure_value
    from by_customer
    group by map_name
    union all
    select
        by_customer.map_name,
        'customer_revenue' as figure,
        by_customer.customer360_id,
        {{ no_text }} as source_system,
        by_customer.revenue as figure_value
    from by_customer
    inner join this_generation
        on this_generation.generation_no > 1
    where by_customer.revenue is not null
    union all
    select
        map_name,
        'joined_records' as figure,
        {{ no_text }} as customer360_id,
        source_system,
        sum(record_count) as figure_value
    from by_source
    where source_count > 1
    group by map_name, source_system

),

summed as (

    select
        figure,
        customer360_id,
        source_system,
        {{ sum_amount_where('figure_value', "map_name = 'before'") }} as value_before,
        {{ sum_amount_where('figure_value', "map_name = 'mapped'") }} as value_mapped,
        {{ sum_amount_where('figure_value', "map_name = 'now'") }} as value_now
    from measured
    group by figure, customer360_id, source_system

),

-- Which changes of ids took a record with revenue from one customer to the other: the changes
-- between the two, and what ended the first.
moves as (

    select distinct
        customer360_id_before,
        customer360_id_mapped
    from figure_maps
    where
        customer360_id_before <> customer360_id_mapped
        and revenue_before is not null

),

causes as (

    select
        moves.customer360_id_before,
        moves.customer360_id_mapped,
        id_changes.customer360_id,
        id_changes.change,
        id_changes.other_customer360_id
    from moves
    inner join id_changes
        on
            moves.customer360_id_before = id_changes.customer360_id
            and (
                id_changes.change in ('merged', 'attached', 'retired')
                or moves.customer360_id_mapped = id_changes.other_customer360_id
            )
    union all
    select
        moves.customer360_id_before,
        moves.customer360_id_mapped,
        id_changes.customer360_id,
        id_changes.change,
        id_changes.other_customer360_id
    from moves
    inner join id_changes
        on
            moves.customer360_id_mapped = id_changes.customer360_id
            and moves.customer360_id_before = id_changes.other_customer360_id

),

keyed_causes as (

    select
        causes.customer360_id_before,
        causes.customer360_id_mapped,
        {{ id_change_key('causes', 'this_generation') }} as id_change_key
    from causes
    cross join this_generation

),

caused as (

    select
        customer360_id_before as customer360_id,
        id_change_key
    from keyed_causes
    union all
    select
        customer360_id_mapped as customer360_id,
        id_change_key
    from keyed_causes

),

distinct_causes as (

    select distinct
        customer360_id,
        id_change_key
    from caused

),

cause_lists as (

    select
        customer360_id,
        {{ json_list_agg('id_change_key', 'id_change_key') }} as id_change_keys
    from distinct_causes
    group by customer360_id

),

restated as (

    select
        summed.figure,
        summed.customer360_id,
        summed.source_system,
        summed.value_before,
        cast(summed.value_mapped - summed.value_before as decimal(18, 2)) as identity_effect,
        cast(summed.value_now - summed.value_mapped as decimal(18, 2)) as data_effect,
        summed.value_now as value_after,
        case when summed.value_mapped <> summed.value_before then cause_lists.id_change_keys end
            as id_change_keys
    from summed
    left join cause_lists
        on summed.customer360_id = cause_lists.customer360_id
    where
        summed.value_mapped <> summed.value_before
        or summed.value_now <> summed.value_mapped

)

select * from restated
