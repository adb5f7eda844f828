{# Connected components of <prefix>_members (node, group_type, group_value): nodes that share a group
   are connected. Leaves <prefix>_roots_0 (node, parent): the least node of each component, for every
   node but that one. `loop` names the counters; the prefix may hold the counter of a loop around.

   Method: contraction with pointer jumping (Shiloach and Vishkin 1982). Edges point from the greater
   node to the smaller. In a round every node with an edge takes its least neighbour as parent;
   jumping makes every parent a root; the edges between different roots are the next round's. Rounds
   and jumps grow with the logarithm of the longest chain. What a later step does not read is dropped
   as soon as it is done with: the rounds of a large graph are large. #}
{% macro connect_members(steps, prefix, loop) -%}
    {%- set round, jump, back = loop ~ '_round', loop ~ '_jump', loop ~ '_back' -%}
    {%- set edges = prefix ~ '_edges_{' ~ round ~ '}' -%}
    {%- set next_edges = prefix ~ '_edges_{' ~ round ~ '+1}' -%}
    {%- set parents = prefix ~ '_parents_{' ~ round ~ '}_{' ~ jump ~ '}' -%}
    {%- set next_parents = prefix ~ '_parents_{' ~ round ~ '}_{' ~ jump ~ '+1}' -%}
    {%- set roots = prefix ~ '_roots_{' ~ round ~ '}' -%}
    {%- set earlier, later = prefix ~ '_roots_{' ~ back ~ '}', prefix ~ '_roots_{' ~ back ~ '+1}' -%}

    {% call make_table(steps, prefix ~ '_lists') %}
        select
            min(node) as hub,
            {{ list_agg('node', 'node') }} as members
        from {{ scratch_table(prefix ~ '_members') }}
        group by group_type, group_value
        having count(*) > 1
    {% endcall %}
    {% call make_table(steps, prefix ~ '_edges_0') %}
        select distinct
            lists.member as node,
            lists.hub as neighbour
        from {{ explode_members(scratch_table(prefix ~ '_lists'), 'members', 'member', dbt.type_bigint()) }}
        where lists.member <> lists.hub
    {% endcall %}
    {%- do drop_tables(steps, [prefix ~ '_lists']) -%}

    {%- do count_step(steps, 'loop', round, edges) -%}
    {% call make_table(steps, prefix ~ '_parents_{' ~ round ~ '}_0') %}
        select node, min(neighbour) as parent
        from {{ scratch_table(edges) }}
        group by node
    {% endcall %}
    {%- set count_jumps -%}
        select count(*) as row_count
        from {{ scratch_table(parents) }} as parents
        inner join {{ scratch_table(parents) }} as grandparents
            on parents.parent = grandparents.node
    {%- endset -%}
    {%- do step(steps, 'loop', jump, count_jumps) -%}
    {% call make_table(steps, next_parents) %}
        select
            parents.node,
            coalesce(grandparents.parent, parents.parent) as parent
        from {{ scratch_table(parents) }} as parents
        left join {{ scratch_table(parents) }} as grandparents
            on parents.parent = grandparents.node
    {% endcall %}
    {%- do drop_tables(steps, [parents]) -%}
    {%- do step(steps, 'end', jump, '') -%}
    {% call make_table(steps, roots) %}
        select node, parent from {{ scratch_table(parents) }}
    {% endcall %}
    {%- do drop_tables(steps, [parents]) -%}
    {% call make_table(steps, next_edges) %}
        select distinct
            case when left_root > right_root then left_root else right_root end as node,
            case when left_root > right_root then right_root else left_root end as neighbour
        from (
            select
                nodes.parent as left_root,
                coalesce(neighbours.parent, edges.neighbour) as right_root
            from {{ scratch_table(edges) }} as edges
            inner join {{ scratch_table(roots) }} as nodes
                on edges.node = nodes.node
            left join {{ scratch_table(roots) }} as neighbours
                on edges.neighbour = neighbours.node
        ) as rooted
        where left_root <> right_root
    {% endcall %}
    {%- do drop_tables(steps, [edges]) -%}
    {%- do step(steps, 'end', round, '') -%}

    {%- do step(steps, 'unless', loop ~ '_any', 'select {' ~ round ~ '} as row_count') -%}
    {% call make_table(steps, prefix ~ '_roots_0') %}
        select node, neighbour as parent from {{ scratch_table(edges) }}
    {% endcall %}
    {%- do step(steps, 'end', loop ~ '_any', '') -%}
    {%- do drop_tables(steps, [edges]) -%}
    {%- do step(steps, 'back', back, round) -%}
    {% call make_table(steps, earlier) %}
        select
            earlier.node,
            coalesce(later.parent, earlier.parent) as parent
        from {{ scratch_table(earlier) }} as earlier
        left join {{ scratch_table(later) }} as later
            on earlier.parent = later.node
        union all
        select node, parent from {{ scratch_table(later) }}
    {% endcall %}
    {%- do drop_tables(steps, [later]) -%}
    {%- do step(steps, 'end', back, '') -%}
    {%- do drop_tables(steps, [prefix ~ '_members']) -%}
{%- endmacro %}
