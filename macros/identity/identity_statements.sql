{# How records become customers: portable statements that a driver runs in this order, for the phase
   `strong` and then for `weak`:

     prepare   once
     hook      while count_edges of {round} is not zero:
     jump          while count_jumps of {round}, {jump} is not zero
     settle        after the last jump
     contract      leaves the edges of {next}
     compose   for each round but the last, the later first
     no_round  instead of all that, where there was no edge
     finish    once; the last statement of the phase `weak` makes the result
     clean     once

   The drivers are the Python model int_identity__components_by_python and the macro
   run_identity_rounds; both know nothing but this order.

   Method: contraction with pointer jumping (Shiloach and Vishkin 1982). Edges point from the greater
   record number to the smaller. In a round every record with an edge takes its smallest neighbour as
   parent; jumping makes every parent a root; the edges between different roots are the next round's.
   Rounds and jumps grow with the logarithm of the longest chain. The root of a component is its least
   number, that is its oldest record. #}
{% macro identity_statements() -%}
    {%- set links = ref('int_identity__links') -%}
    {%- set records = ref('int_identity__records') -%}
    {%- set known = scratch_table('known') -%}
    {%- set weak_values = scratch_table('weak_values') -%}
    {%- set anonymous_links = scratch_table('anonymous_links') -%}
    {%- set grouped = scratch_table('grouped') -%}
    {%- set attached = scratch_table('attached') -%}
    {%- set steps = [] -%}

    {# --- strong: records that share a strong identifier are one customer ------------------- #}
    {%- do steps.append(('strong', 'prepare', create_scratch_table('strong_members',
        "select record_no, identifier_type, identifier_value from " ~ links ~ " where role = 'strong'"
    ))) -%}
    {%- do connect_members(steps, 'strong') -%}
    {%- do steps.append(('strong', 'finish', create_scratch_table('known',
        "select members.record_no, coalesce(roots.parent, members.record_no) as customer_no"
        ~ " from (select distinct record_no from " ~ scratch_table('strong_members') ~ ") as members"
        ~ " left join " ~ scratch_table('strong_roots_0') ~ " as roots on members.record_no = roots.node"
    ))) -%}

    {# --- weak: anonymous records that share a device or cookie, which at most one known customer
           uses, are one group; on a value that several use, only those who carry nothing else -- #}
    {%- do steps.append(('weak', 'prepare', create_scratch_table('weak_values',
        "select links.identifier_type, links.identifier_value,"
        ~ " count(distinct known.customer_no) as customer_count, min(known.customer_no) as customer_no"
        ~ " from " ~ links ~ " as links left join " ~ known ~ " as known"
        ~ " on links.record_no = known.record_no where links.role = 'weak'"
        ~ " group by links.identifier_type, links.identifier_value"
    ))) -%}
    {%- do steps.append(('weak', 'prepare', create_scratch_table('anonymous_links',
        "select links.record_no, links.identifier_type, links.identifier_value,"
        ~ " weak_values.customer_count, weak_values.customer_no,"
        ~ " row_number() over (partition by links.record_no order by"
        ~ " case when weak_values.customer_count > 1 then 1 else 0 end, links.type_rank,"
        ~ " links.identifier_value) as preference"
        ~ " from " ~ links ~ " as links inner join " ~ weak_values ~ " as weak_values"
        ~ " on links.identifier_type = weak_values.identifier_type"
        ~ " and links.identifier_value = weak_values.identifier_value"
        ~ " left join " ~ known ~ " as known on links.record_no = known.record_no"
        ~ " where links.role = 'weak' and known.record_no is null"
    ))) -%}
    {%- do steps.append(('weak', 'prepare', create_scratch_table('weak_members',
        "select record_no, identifier_type, identifier_value from " ~ anonymous_links
        ~ " where customer_count < 2 or preference = 1"
    ))) -%}
    {%- do connect_members(steps, 'weak') -%}
    {%- do steps.append(('weak', 'finish', create_scratch_table('grouped',
        "select members.record_no, coalesce(roots.parent, members.record_no) as group_no"
        ~ " from (select distinct record_no from " ~ scratch_table('weak_members') ~ ") as members"
        ~ " left join " ~ scratch_table('weak_roots_0') ~ " as roots on members.record_no = roots.node"
    ))) -%}
    {%- do steps.append(('weak', 'finish', create_scratch_table('attached',
        "select grouped.group_no, min(links.customer_no) as customer_no"
        ~ " from " ~ grouped ~ " as grouped"
        ~ " inner join " ~ anonymous_links ~ " as links on grouped.record_no = links.record_no"
        ~ " where links.customer_count = 1"
        ~ " group by grouped.group_no having count(distinct links.customer_no) = 1"
    ))) -%}
    {%- do steps.append(('weak', 'finish', create_scratch_table('result',
        "select records.record_no,"
        ~ " coalesce(known.customer_no, attached.customer_no, grouped.group_no, records.record_no) as customer_no,"
        ~ " case when known.customer_no is not null then 'known'"
        ~ " when attached.customer_no is not null then 'attached' else 'anonymous' end as record_role"
        ~ " from " ~ records ~ " as records"
        ~ " left join " ~ known ~ " as known on records.record_no = known.record_no"
        ~ " left join " ~ grouped ~ " as grouped on records.record_no = grouped.record_no"
        ~ " left join " ~ attached ~ " as attached on grouped.group_no = attached.group_no"
    ))) -%}
    {%- for table in (known, weak_values, anonymous_links, grouped, attached) -%}
        {%- do steps.append(('weak', 'clean', 'drop table ' ~ table)) -%}
    {%- endfor -%}
    {{ return(steps) }}
{%- endmacro %}

{# Connected components over the scratch table <phase>_members; leaves <phase>_roots_0 (node, parent),
   which lacks the records that are their own root. What a later statement does not read is dropped
   as soon as it is done with: the rounds of a large graph are large. #}
{% macro connect_members(steps, phase) -%}
    {%- set members = scratch_table(phase ~ '_members') -%}
    {%- set lists = scratch_table(phase ~ '_lists') -%}
    {%- set edges = scratch_table(phase ~ '_edges_{round}') -%}
    {%- set parents = scratch_table(phase ~ '_parents_{round}_{jump}') -%}
    {%- set roots = scratch_table(phase ~ '_roots_{round}') -%}
    {%- set next_roots = scratch_table(phase ~ '_roots_{next}') -%}
    {%- do steps.append((phase, 'prepare', create_scratch_table(phase ~ '_lists',
        "select min(record_no) as hub, " ~ list_agg('record_no', 'record_no') ~ " as members"
        ~ " from " ~ members ~ " group by identifier_type, identifier_value having count(*) > 1"
    ))) -%}
    {%- do steps.append((phase, 'prepare', create_scratch_table(phase ~ '_edges_0',
        "select distinct lists.member as node, lists.hub as neighbour"
        ~ " from " ~ explode_members(lists, 'members', 'member', dbt.type_bigint())
        ~ " where lists.member <> lists.hub"
    ))) -%}
    {%- do steps.append((phase, 'prepare', 'drop table ' ~ lists)) -%}
    {%- do steps.append((phase, 'count_edges', "select count(*) as edge_count from " ~ edges)) -%}
    {%- do steps.append((phase, 'hook', create_scratch_table(phase ~ '_parents_{round}_0',
        "select node, min(neighbour) as parent from " ~ edges ~ " group by node"
    ))) -%}
    {%- do steps.append((phase, 'count_jumps',
        "select count(*) as jump_count from " ~ parents ~ " as parents"
        ~ " inner join " ~ parents ~ " as grandparents on parents.parent = grandparents.node"
    )) -%}
    {%- do steps.append((phase, 'jump', create_scratch_table(phase ~ '_parents_{round}_{next_jump}',
        "select parents.node, coalesce(grandparents.parent, parents.parent) as parent"
        ~ " from " ~ parents ~ " as parents"
        ~ " left join " ~ parents ~ " as grandparents on parents.parent = grandparents.node"
    ))) -%}
    {%- do steps.append((phase, 'jump', 'drop table ' ~ parents)) -%}
    {%- do steps.append((phase, 'settle', create_scratch_table(phase ~ '_roots_{round}',
        "select node, parent from " ~ parents
    ))) -%}
    {%- do steps.append((phase, 'settle', 'drop table ' ~ parents)) -%}
    {%- do steps.append((phase, 'contract', create_scratch_table(phase ~ '_edges_{next}',
        "select distinct"
        ~ " case when left_root > right_root then left_root else right_root end as node,"
        ~ " case when left_root > right_root then right_root else left_root end as neighbour"
        ~ " from (select nodes.parent as left_root, coalesce(neighbours.parent, edges.neighbour) as right_root"
        ~ " from " ~ edges ~ " as edges"
        ~ " inner join " ~ roots ~ " as nodes on edges.node = nodes.node"
        ~ " left join " ~ roots ~ " as neighbours on edges.neighbour = neighbours.node"
        ~ ") as rooted where left_root <> right_root"
    ))) -%}
    {%- do steps.append((phase, 'contract', 'drop table ' ~ edges)) -%}
    {%- do steps.append((phase, 'compose', create_scratch_table(phase ~ '_roots_{round}',
        "select earlier.node, coalesce(later.parent, earlier.parent) as parent"
        ~ " from " ~ roots ~ " as earlier"
        ~ " left join " ~ next_roots ~ " as later on earlier.parent = later.node"
        ~ " union all select node, parent from " ~ next_roots
    ))) -%}
    {%- do steps.append((phase, 'compose', 'drop table ' ~ next_roots)) -%}
    {%- do steps.append((phase, 'no_round', create_scratch_table(phase ~ '_roots_0',
        "select node, neighbour as parent from " ~ scratch_table(phase ~ '_edges_0') ~ " where node is null"
    ))) -%}
    {%- do steps.append((phase, 'clean', 'drop table ' ~ members)) -%}
    {%- do steps.append((phase, 'clean', 'drop table ' ~ edges)) -%}
    {%- do steps.append((phase, 'clean', 'drop table ' ~ scratch_table(phase ~ '_roots_0'))) -%}
{%- endmacro %}
