{# How records become customers: portable statements that the driver (the Python model
   int_identity__components) runs in this order, for the phase `strong` and then for `weak`:

     prepare   once
     hook      while the edges of {round} are not empty:
     jump          while {count_jumps} is not zero
     settle        the same, after the last jump
     contract      leaves the edges of {next}
     compose   for each round, the last first
     finish    once

   Method: contraction with pointer jumping (Shiloach and Vishkin 1982). Edges point from the greater
   record number to the smaller. In a round every record with an edge takes its smallest neighbour as
   parent; jumping makes every parent a root; the edges between different roots are the next round's.
   Rounds and jumps grow with the logarithm of the longest chain. The root of a component is its least
   number, that is its oldest record. #}
{% macro identity_statements() -%}
    {%- set links = ref('int_identity__links') -%}
    {%- set records = ref('int_identity__records') -%}
    {%- set steps = [] -%}

    {# --- strong: records that share a strong identifier are one customer ------------------- #}
    {%- do steps.append(('strong', 'prepare', create_scratch_table('members',
        "select record_no, identifier_type, identifier_value from " ~ links ~ " where role = 'strong'"
    ))) -%}
    {%- do connect_members(steps, 'strong') -%}
    {%- do steps.append(('strong', 'finish', create_scratch_table('known',
        "select members.record_no, coalesce(roots.parent, members.record_no) as customer_no"
        ~ " from (select distinct record_no from " ~ scratch_table('members') ~ ") as members"
        ~ " left join " ~ scratch_table('roots_0') ~ " as roots on members.record_no = roots.node"
    ))) -%}

    {# --- weak: anonymous records that share a device or cookie, which at most one known customer
           uses, are one group; on a value that several use, only those who carry nothing else -- #}
    {%- do steps.append(('weak', 'prepare', create_scratch_table('weak_values',
        "select links.identifier_type, links.identifier_value,"
        ~ " count(distinct known.customer_no) as customer_count, min(known.customer_no) as customer_no"
        ~ " from " ~ links ~ " as links left join " ~ scratch_table('known') ~ " as known"
        ~ " on links.record_no = known.record_no where links.role = 'weak'"
        ~ " group by links.identifier_type, links.identifier_value"
    ))) -%}
    {%- do steps.append(('weak', 'prepare', create_scratch_table('anonymous_links',
        "select links.record_no, links.identifier_type, links.identifier_value,"
        ~ " weak_values.customer_count, weak_values.customer_no,"
        ~ " row_number() over (partition by links.record_no order by"
        ~ " case when weak_values.customer_count > 1 then 1 else 0 end, links.type_rank,"
        ~ " links.identifier_value) as preference"
        ~ " from " ~ links ~ " as links inner join " ~ scratch_table('weak_values') ~ " as weak_values"
        ~ " on links.identifier_type = weak_values.identifier_type"
        ~ " and links.identifier_value = weak_values.identifier_value"
        ~ " left join " ~ scratch_table('known') ~ " as known on links.record_no = known.record_no"
        ~ " where links.role = 'weak' and known.record_no is null"
    ))) -%}
    {%- do steps.append(('weak', 'prepare', create_scratch_table('members',
        "select record_no, identifier_type, identifier_value from " ~ scratch_table('anonymous_links')
        ~ " where customer_count < 2 or preference = 1"
    ))) -%}
    {%- do connect_members(steps, 'weak') -%}
    {%- do steps.append(('weak', 'finish', create_scratch_table('grouped',
        "select members.record_no, coalesce(roots.parent, members.record_no) as group_no"
        ~ " from (select distinct record_no from " ~ scratch_table('members') ~ ") as members"
        ~ " left join " ~ scratch_table('roots_0') ~ " as roots on members.record_no = roots.node"
    ))) -%}
    {%- do steps.append(('weak', 'finish', create_scratch_table('attached',
        "select grouped.group_no, min(links.customer_no) as customer_no"
        ~ " from " ~ scratch_table('grouped') ~ " as grouped"
        ~ " inner join " ~ scratch_table('anonymous_links') ~ " as links on grouped.record_no = links.record_no"
        ~ " where links.customer_count = 1"
        ~ " group by grouped.group_no having count(distinct links.customer_no) = 1"
    ))) -%}
    {%- do steps.append(('weak', 'finish', create_scratch_table('result',
        "select records.record_no,"
        ~ " coalesce(known.customer_no, attached.customer_no, grouped.group_no, records.record_no) as customer_no,"
        ~ " case when known.customer_no is not null then 'known'"
        ~ " when attached.customer_no is not null then 'attached' else 'anonymous' end as record_role"
        ~ " from " ~ records ~ " as records"
        ~ " left join " ~ scratch_table('known') ~ " as known on records.record_no = known.record_no"
        ~ " left join " ~ scratch_table('grouped') ~ " as grouped on records.record_no = grouped.record_no"
        ~ " left join " ~ scratch_table('attached') ~ " as attached on grouped.group_no = attached.group_no"
    ))) -%}
    {{ return(steps) }}
{%- endmacro %}

{# Connected components over the scratch table `members`; leaves `roots_0` (node, parent), which
   lacks the records that are their own root. #}
{% macro connect_members(steps, phase) -%}
    {%- do steps.append((phase, 'prepare', create_scratch_table('lists',
        "select min(record_no) as hub, " ~ list_agg('record_no', 'record_no') ~ " as members"
        ~ " from " ~ scratch_table('members') ~ " group by identifier_type, identifier_value having count(*) > 1"
    ))) -%}
    {%- do steps.append((phase, 'prepare', create_scratch_table('edges_0',
        "select distinct lists.member as node, lists.hub as neighbour"
        ~ " from " ~ explode_members(scratch_table('lists'), 'members', 'member', dbt.type_bigint())
        ~ " where lists.member <> lists.hub"
    ))) -%}
    {%- do steps.append((phase, 'count_edges', "select count(*) from " ~ scratch_table('edges_{round}'))) -%}
    {%- do steps.append((phase, 'hook', create_scratch_table('parents_0',
        "select node, min(neighbour) as parent from " ~ scratch_table('edges_{round}') ~ " group by node"
    ))) -%}
    {%- do steps.append((phase, 'count_jumps',
        "select count(*) from " ~ scratch_table('parents_{jump}') ~ " as parents"
        ~ " inner join " ~ scratch_table('parents_{jump}') ~ " as grandparents on parents.parent = grandparents.node"
    )) -%}
    {%- do steps.append((phase, 'jump', create_scratch_table('parents_{next_jump}',
        "select parents.node, coalesce(grandparents.parent, parents.parent) as parent"
        ~ " from " ~ scratch_table('parents_{jump}') ~ " as parents"
        ~ " left join " ~ scratch_table('parents_{jump}') ~ " as grandparents on parents.parent = grandparents.node"
    ))) -%}
    {%- do steps.append((phase, 'settle', create_scratch_table('roots_{round}',
        "select node, parent from " ~ scratch_table('parents_{jump}')
    ))) -%}
    {%- do steps.append((phase, 'contract', create_scratch_table('edges_{next}',
        "select distinct"
        ~ " case when left_root > right_root then left_root else right_root end as node,"
        ~ " case when left_root > right_root then right_root else left_root end as neighbour"
        ~ " from (select nodes.parent as left_root, coalesce(neighbours.parent, edges.neighbour) as right_root"
        ~ " from " ~ scratch_table('edges_{round}') ~ " as edges"
        ~ " inner join " ~ scratch_table('roots_{round}') ~ " as nodes on edges.node = nodes.node"
        ~ " left join " ~ scratch_table('roots_{round}') ~ " as neighbours on edges.neighbour = neighbours.node"
        ~ ") as rooted where left_root <> right_root"
    ))) -%}
    {%- do steps.append((phase, 'compose', create_scratch_table('roots_{round}',
        "select earlier.node, coalesce(later.parent, earlier.parent) as parent"
        ~ " from " ~ scratch_table('roots_{round}') ~ " as earlier"
        ~ " left join " ~ scratch_table('roots_{next}') ~ " as later on earlier.parent = later.node"
        ~ " union all select node, parent from " ~ scratch_table('roots_{next}')
    ))) -%}
    {# Without any edge there is no round, and the roots are empty. #}
    {%- do steps.append((phase, 'no_round', create_scratch_table('roots_0',
        "select node, neighbour as parent from " ~ scratch_table('edges_0') ~ " where node is null"
    ))) -%}
{%- endmacro %}
