{# Takes the links of a phase, <prefix>_links (record_no, cluster_no, identifier_type, identifier_value,
   type_rank; a cluster joins the value's others) and <prefix>_free (clusters that a value has from the
   start), as if one by one in the order of type, record, value. A link that would give a customer more
   values of a limited type than it may hold is refused.

   Plain components come first; only those that break a limit are taken apart. Leaves the next
   clusters and <prefix>_refused (record_no, identifier_type, identifier_value, reason), and with
   keep_plain <prefix>_plain (node, parent): the plain components. #}
{% macro take_links(steps, state, prefix, keep_plain=false) -%}
    {%- set clusters = 'clusters_' ~ state.clusters -%}
    {%- set links, free = scratch_table(prefix ~ '_links'), scratch_table(prefix ~ '_free') -%}
    {% call make_table(steps, prefix ~ '_members') %}
        select cluster_no as node, identifier_type as group_type, identifier_value as group_value
        from {{ links }}
        union all
        select cluster_no as node, identifier_type as group_type, identifier_value as group_value
        from {{ free }}
    {% endcall %}
    {%- do connect_members(steps, prefix, prefix) -%}
    {%- if keep_plain -%}
        {% call make_table(steps, prefix ~ '_plain') %}
            select node, parent from {{ scratch_table(prefix ~ '_roots_0') }}
        {% endcall %}
    {%- endif -%}
    {% call make_table(steps, prefix ~ '_held_before') %}
        select distinct
            coalesce(clusters.cluster_no, held.record_no) as cluster_no,
            held.limit_type,
            held.limit_value,
            held.most
        from {{ scratch_table('held') }} as held
        left join {{ scratch_table(clusters) }} as clusters
            on held.record_no = clusters.record_no
    {% endcall %}
    {% call make_table(steps, prefix ~ '_over') %}
        select distinct root_no
        from (
            select root_no, limit_type, most
            from (
                select
                    coalesce(roots.parent, held.cluster_no) as root_no,
                    held.limit_type,
                    held.limit_value,
                    held.most
                from {{ scratch_table(prefix ~ '_held_before') }} as held
                left join {{ scratch_table(prefix ~ '_roots_0') }} as roots
                    on held.cluster_no = roots.node
            ) as rooted
            group by root_no, limit_type, most
            having count(distinct limit_value) > most
        ) as broken
    {% endcall %}
    {% call make_table(steps, prefix ~ '_refused') %}
        select
            record_no,
            identifier_type,
            identifier_value,
            {{ text_column() }} as reason
        from {{ links }}
        where record_no is null
    {% endcall %}
    {%- do count_step(steps, 'when', prefix ~ '_conflict', prefix ~ '_over') -%}
    {%- do take_one_by_one(steps, prefix) -%}
    {%- do step(steps, 'end', prefix ~ '_conflict', '') -%}
    {% call make_table(steps, 'clusters_' ~ (state.clusters + 1)) %}
        select
            members.record_no,
            coalesce(roots.parent, members.cluster_no) as cluster_no
        from (
            select record_no, cluster_no from {{ scratch_table(clusters) }}
            union all
            select distinct links.record_no, links.cluster_no
            from {{ links }} as links
            left join {{ scratch_table(clusters) }} as clusters
                on links.record_no = clusters.record_no
            where clusters.record_no is null
        ) as members
        left join {{ scratch_table(prefix ~ '_roots_0') }} as roots
            on members.cluster_no = roots.node
    {% endcall %}
    {%- do drop_tables(steps, [prefix ~ '_held_before', prefix ~ '_over', prefix ~ '_roots_0']) -%}
    {%- set state.clusters = state.clusters + 1 -%}
{%- endmacro %}

{# The components of <prefix>_over anew, in rounds that decide what taking links one by one would. In
   a round an open link, its ends replaced by what they have joined by now, is

     refused   where its ends together break a limit: they only grow
     accepted  where it is the first open link at both ends
     accepted  where it is the first at one end, and the other end holds all that this one holds
     dropped   where its ends are one by now

   Rewrites <prefix>_roots_0 and <prefix>_refused. #}
{% macro take_one_by_one(steps, prefix) -%}
    {%- set pass = prefix ~ '_pass' -%}
    {%- set now, next = '_{' ~ pass ~ '}', '_{' ~ pass ~ '+1}' -%}
    {%- set open, at, held = prefix ~ '_open' ~ now, prefix ~ '_at' ~ now, prefix ~ '_holding' ~ now -%}
    {%- set undecided = prefix ~ '_undecided' -%}
    {% call make_table(steps, prefix ~ '_disputed') %}
        select
            links.record_no,
            links.cluster_no,
            links.identifier_type,
            links.identifier_value,
            row_number() over (
                order by links.type_rank, links.record_no, links.identifier_value
            ) as link_no,
            -dense_rank() over (order by links.identifier_type, links.identifier_value) as value_no
        from {{ scratch_table(prefix ~ '_links') }} as links
        left join {{ scratch_table(prefix ~ '_roots_0') }} as roots
            on links.cluster_no = roots.node
        inner join {{ scratch_table(prefix ~ '_over') }} as over_limit
            on coalesce(roots.parent, links.cluster_no) = over_limit.root_no
    {% endcall %}
    {% call make_table(steps, prefix ~ '_given') %}
        select distinct
            disputed.value_no,
            free.cluster_no
        from {{ scratch_table(prefix ~ '_disputed') }} as disputed
        inner join {{ scratch_table(prefix ~ '_free') }} as free
            on
                disputed.identifier_type = free.identifier_type
                and disputed.identifier_value = free.identifier_value
    {% endcall %}
    {% call make_table(steps, prefix ~ '_at_0') %}
        select cluster_no as node, cluster_no as at_no from {{ scratch_table(prefix ~ '_disputed') }}
        union distinct
        select cluster_no as node, cluster_no as at_no from {{ scratch_table(prefix ~ '_given') }}
        union distinct
        select
            disputed.value_no as node,
            coalesce(given.cluster_no, disputed.value_no) as at_no
        from {{ scratch_table(prefix ~ '_disputed') }} as disputed
        left join {{ scratch_table(prefix ~ '_given') }} as given
            on disputed.value_no = given.value_no
    {% endcall %}
    {% call make_table(steps, prefix ~ '_holding_0') %}
        select
            held.cluster_no as at_no,
            held.limit_type,
            held.limit_value,
            held.most
        from {{ scratch_table(prefix ~ '_held_before') }} as held
        inner join {{ scratch_table(prefix ~ '_at_0') }} as nodes
            on held.cluster_no = nodes.node
    {% endcall %}
    {% call make_table(steps, prefix ~ '_open_0') %}
        select
            disputed.link_no,
            disputed.cluster_no as left_no,
            nodes.at_no as right_no
        from {{ scratch_table(prefix ~ '_disputed') }} as disputed
        inner join {{ scratch_table(prefix ~ '_at_0') }} as nodes
            on disputed.value_no = nodes.node
        where disputed.cluster_no <> nodes.at_no
    {% endcall %}
    {% call make_table(steps, prefix ~ '_refusals_0') %}
        select link_no
        from {{ scratch_table(prefix ~ '_open_0') }}
        where link_no is null
    {% endcall %}

    {%- do count_step(steps, 'loop', pass, open) -%}
    {% call make_table(steps, prefix ~ '_breaking') %}
        select distinct link_no
        from (
            {{ broken_limits(scratch_table(open), scratch_table(held)) }}
        ) as broken
    {% endcall %}
    {% call make_table(steps, undecided) %}
        select open_links.link_no, open_links.left_no, open_links.right_no
        from {{ scratch_table(open) }} as open_links
        left join {{ scratch_table(prefix ~ '_breaking') }} as breaking
            on open_links.link_no = breaking.link_no
        where breaking.link_no is null
    {% endcall %}
    {% call make_table(steps, prefix ~ '_firsts') %}
        select at_no, min(link_no) as link_no
        from (
            select left_no as at_no, link_no from {{ scratch_table(undecided) }}
            union all
            select right_no as at_no, link_no from {{ scratch_table(undecided) }}
        ) as ends
        group by at_no
    {% endcall %}
    {% call make_table(steps, prefix ~ '_adding') %}
        select distinct open_links.link_no, open_links.left_no as at_no
        from {{ scratch_table(undecided) }} as open_links
        inner join {{ scratch_table(held) }} as held
            on open_links.left_no = held.at_no
        left join {{ scratch_table(held) }} as others
            on
                open_links.right_no = others.at_no
                and held.limit_type = others.limit_type
                and held.limit_value = others.limit_value
        where others.at_no is null
        union all
        select distinct open_links.link_no, open_links.right_no as at_no
        from {{ scratch_table(undecided) }} as open_links
        inner join {{ scratch_table(held) }} as held
            on open_links.right_no = held.at_no
        left join {{ scratch_table(held) }} as others
            on
                open_links.left_no = others.at_no
                and held.limit_type = others.limit_type
                and held.limit_value = others.limit_value
        where others.at_no is null
    {% endcall %}
    {% call make_table(steps, prefix ~ '_accepted') %}
        select open_links.link_no, open_links.left_no, open_links.right_no
        from {{ scratch_table(undecided) }} as open_links
        inner join {{ scratch_table(prefix ~ '_firsts') }} as lefts
            on open_links.left_no = lefts.at_no
        inner join {{ scratch_table(prefix ~ '_firsts') }} as rights
            on open_links.right_no = rights.at_no
        left join {{ scratch_table(prefix ~ '_adding') }} as left_adds
            on open_links.link_no = left_adds.link_no and open_links.left_no = left_adds.at_no
        left join {{ scratch_table(prefix ~ '_adding') }} as right_adds
            on open_links.link_no = right_adds.link_no and open_links.right_no = right_adds.at_no
        where
            (lefts.link_no = open_links.link_no and rights.link_no = open_links.link_no)
            or (lefts.link_no = open_links.link_no and left_adds.link_no is null)
            or (rights.link_no = open_links.link_no and right_adds.link_no is null)
    {% endcall %}
    {%- set joining = prefix ~ '_joining' ~ now -%}
    {% call make_table(steps, joining ~ '_members') %}
        select
            left_no as node,
            'link' as group_type,
            cast(link_no as {{ dbt.type_string() }}) as group_value
        from {{ scratch_table(prefix ~ '_accepted') }}
        union all
        select
            right_no as node,
            'link' as group_type,
            cast(link_no as {{ dbt.type_string() }}) as group_value
        from {{ scratch_table(prefix ~ '_accepted') }}
    {% endcall %}
    {%- do connect_members(steps, joining, prefix ~ '_joining') -%}
    {% call make_table(steps, prefix ~ '_at' ~ next) %}
        select
            nodes.node,
            coalesce(roots.parent, nodes.at_no) as at_no
        from {{ scratch_table(at) }} as nodes
        left join {{ scratch_table(joining ~ '_roots_0') }} as roots
            on nodes.at_no = roots.node
    {% endcall %}
    {% call make_table(steps, prefix ~ '_holding' ~ next) %}
        select distinct
            coalesce(roots.parent, held.at_no) as at_no,
            held.limit_type,
            held.limit_value,
            held.most
        from {{ scratch_table(held) }} as held
        left join {{ scratch_table(joining ~ '_roots_0') }} as roots
            on held.at_no = roots.node
    {% endcall %}
    {% call make_table(steps, prefix ~ '_open' ~ next) %}
        select
            open_links.link_no,
            coalesce(lefts.parent, open_links.left_no) as left_no,
            coalesce(rights.parent, open_links.right_no) as right_no
        from {{ scratch_table(undecided) }} as open_links
        left join {{ scratch_table(joining ~ '_roots_0') }} as lefts
            on open_links.left_no = lefts.node
        left join {{ scratch_table(joining ~ '_roots_0') }} as rights
            on open_links.right_no = rights.node
        where coalesce(lefts.parent, open_links.left_no) <> coalesce(rights.parent, open_links.right_no)
    {% endcall %}
    {% call make_table(steps, prefix ~ '_refusals' ~ next) %}
        select link_no from {{ scratch_table(prefix ~ '_refusals' ~ now) }}
        union all
        select link_no from {{ scratch_table(prefix ~ '_breaking') }}
    {% endcall %}
    {%- do drop_tables(steps, [
        open, at, held, prefix ~ '_refusals' ~ now, joining ~ '_roots_0', prefix ~ '_breaking', undecided,
        prefix ~ '_firsts', prefix ~ '_adding', prefix ~ '_accepted'
    ]) -%}
    {%- do step(steps, 'end', pass, '') -%}

    {#- The reason is what stands between the two customers as they came out, whatever the round. -#}
    {% call make_table(steps, prefix ~ '_apart') %}
        select
            disputed.link_no,
            clusters.at_no as left_no,
            value_nodes.at_no as right_no
        from {{ scratch_table(prefix ~ '_disputed') }} as disputed
        inner join {{ scratch_table(prefix ~ '_refusals' ~ now) }} as refusals
            on disputed.link_no = refusals.link_no
        inner join {{ scratch_table(at) }} as clusters
            on disputed.cluster_no = clusters.node
        inner join {{ scratch_table(at) }} as value_nodes
            on disputed.value_no = value_nodes.node
    {% endcall %}
    {% call make_table(steps, prefix ~ '_refused') %}
        select
            disputed.record_no,
            disputed.identifier_type,
            disputed.identifier_value,
            max(case when broken.limit_type like 'never %' then 'never_decided' else 'customer_over_limit' end)
                as reason
        from {{ scratch_table(prefix ~ '_disputed') }} as disputed
        inner join (
            {{ broken_limits(scratch_table(prefix ~ '_apart'), scratch_table(held)) }}
        ) as broken
            on disputed.link_no = broken.link_no
        group by disputed.record_no, disputed.identifier_type, disputed.identifier_value
    {% endcall %}
    {% call make_table(steps, prefix ~ '_parted') %}
        select node, parent
        from (
            select node, min(node) over (partition by at_no) as parent
            from {{ scratch_table(at) }}
            where node > 0
        ) as clusters
        where node <> parent
    {% endcall %}
    {% call make_table(steps, prefix ~ '_roots_0') %}
        select roots.node, roots.parent
        from {{ scratch_table(prefix ~ '_roots_0') }} as roots
        left join {{ scratch_table(prefix ~ '_over') }} as over_limit
            on roots.parent = over_limit.root_no
        where over_limit.root_no is null
        union all
        select node, parent from {{ scratch_table(prefix ~ '_parted') }}
    {% endcall %}
    {%- do drop_tables(steps, [
        prefix ~ '_disputed', prefix ~ '_given', prefix ~ '_apart', prefix ~ '_parted', open, at, held,
        prefix ~ '_refusals' ~ now
    ]) -%}
{%- endmacro %}

{# A query: links (link_no, left_no, right_no) whose ends together hold more values of a limited type
   than a customer may, with that type. #}
{% macro broken_limits(links, held) -%}
    select link_no, limit_type
    from (
        select links.link_no, held.limit_type, held.limit_value, held.most
        from {{ links }} as links
        inner join {{ held }} as held
            on links.left_no = held.at_no
        union distinct
        select links.link_no, held.limit_type, held.limit_value, held.most
        from {{ links }} as links
        inner join {{ held }} as held
            on links.right_no = held.at_no
    ) as together
    group by link_no, limit_type, most
    having count(*) > most
{%- endmacro %}
