{# How records become customers: portable statements in the order in which a driver takes them; the
   kinds of steps are in step.sql. The drivers are the Python model int_identity__resolved_by_python
   and the macro run_identity_steps; both know nothing but the kinds.

   Reads int_identity__records (record_no counts from the oldest), int_identity__links (usable ones)
   and int_identity__decisions. Leaves the scratch table `result`: a row per record with its customer
   (number of its oldest own record) and role, a row per link that was dropped or refused here with
   its reason, and a row per decision that was set aside. #}
{% macro identity_steps() -%}
    {%- set steps = [] -%}
    {%- set state = namespace(links='links_0', dropped='dropped_0', clusters=0, taken=0, noted=0) -%}
    {% call make_table(steps, 'links_0') %}
        select
            age_no as record_no,
            identifier_type,
            identifier_value
        from {{ ref('int_identity__touched_links') }}
    {% endcall %}
    {% call make_table(steps, 'dropped_0') %}
        select
            record_no,
            identifier_type,
            identifier_value,
            {{ text_column() }} as reason
        from {{ scratch_table('links_0') }}
        where record_no is null
    {% endcall %}

    {%- for item in identity_policy() if item.max_customers_per_value -%}
        {%- do drop_crowded(steps, state, item) -%}
    {%- endfor -%}
    {%- do hold_limited(steps, state) -%}
    {%- do take_decisions(steps) -%}
    {%- do take_strong(steps, state) -%}
    {% call make_table(steps, 'taken_0') %}
        select record_no from {{ scratch_table('clusters_1') }} where record_no is null
    {% endcall %}
    {%- for item in identity_policy('fallback') -%}
        {%- do take_fallback(steps, state, item) -%}
    {%- endfor -%}
    {%- do take_weak(steps, state) -%}
    {%- do gather_result(steps, state) -%}
    {{ return(steps) }}
{%- endmacro %}

{% macro text_column() -%}
    cast(null as {{ dbt.type_string() }})
{%- endmacro %}

{% macro number_column() -%}
    cast(null as {{ dbt.type_bigint() }})
{%- endmacro %}

{# Types as SQL text, for `in (...)`. #}
{% macro quoted_types(types) -%}
    '{{ types | join("', '") }}'
{%- endmacro %}

{# Takes links out of the usable ones: those that `rejected`, a query, gives with a reason. #}
{% macro reject_links(steps, state) -%}
    {%- set number = (state.links.split('_')[1] | int) + 1 -%}
    {%- set rejected = 'rejected_' ~ number -%}
    {%- do step(steps, 'run', rejected, create_scratch_table(rejected, caller())) -%}
    {% call make_table(steps, 'links_' ~ number) %}
        select links.record_no, links.identifier_type, links.identifier_value
        from {{ scratch_table(state.links) }} as links
        left join {{ scratch_table(rejected) }} as rejected
            on
                links.record_no = rejected.record_no
                and links.identifier_type = rejected.identifier_type
                and links.identifier_value = rejected.identifier_value
        where rejected.record_no is null
    {% endcall %}
    {% call make_table(steps, 'dropped_' ~ number) %}
        select record_no, identifier_type, identifier_value, reason
        from {{ scratch_table(state.dropped) }}
        union all
        select record_no, identifier_type, identifier_value, reason
        from {{ scratch_table(rejected) }}
    {% endcall %}
    {%- do drop_tables(steps, [rejected, state.links, state.dropped]) -%}
    {%- set state.links = 'links_' ~ number -%}
    {%- set state.dropped = 'dropped_' ~ number -%}
{%- endmacro %}

{# Notes links as refused. They stay usable: their records are known by them. #}
{% macro note_links(steps, state, table) -%}
    {%- set noted = 'noted_' ~ ((state.noted | int) + 1) -%}
    {% call make_table(steps, noted) %}
        select record_no, identifier_type, identifier_value, reason
        from {{ scratch_table(state.dropped) }}
        union all
        select record_no, identifier_type, identifier_value, reason
        from {{ scratch_table(table) }}
    {% endcall %}
    {%- do drop_tables(steps, [state.dropped, table]) -%}
    {%- set state.noted = state.noted + 1 -%}
    {%- set state.dropped = noted -%}
{%- endmacro %}

{# A value that more customers carry than its type allows is no evidence for anyone. Customers here
   are the plain components over strictly stronger strong types. #}
{% macro drop_crowded(steps, state, item) -%}
    {%- set prefix = 'stronger_' ~ item.rank -%}
    {%- set stronger = identity_policy('strong') | selectattr('rank', 'lt', item.rank) | map(attribute='type') | list -%}
    {% call make_table(steps, prefix ~ '_members') %}
        select record_no as node, identifier_type as group_type, identifier_value as group_value
        from {{ scratch_table(state.links) }}
        where identifier_type in ({{ quoted_types(stronger) }})
    {% endcall %}
    {% call make_table(steps, prefix ~ '_holders') %}
        select distinct node as record_no from {{ scratch_table(prefix ~ '_members') }}
    {% endcall %}
    {%- do connect_members(steps, prefix, prefix) -%}
    {% call make_table(steps, prefix ~ '_carriers') %}
        select
            links.identifier_value,
            coalesce(roots.parent, holders.record_no) as item,
            records.first_seen_at,
            records.last_seen_at
        from {{ scratch_table(state.links) }} as links
        inner join {{ scratch_table(prefix ~ '_holders') }} as holders
            on links.record_no = holders.record_no
        inner join {{ ref('int_identity__touched') }} as records
            on links.record_no = records.age_no
        left join {{ scratch_table(prefix ~ '_roots_0') }} as roots
            on holders.record_no = roots.node
        where links.identifier_type = '{{ item.type }}'
    {% endcall %}
    {% call reject_links(steps, state) %}
        select
            links.record_no,
            links.identifier_type,
            links.identifier_value,
            'value_over_customers' as reason
        from {{ scratch_table(state.links) }} as links
        inner join (
            {{ crowded_values(scratch_table(prefix ~ '_carriers'), item.max_customers_per_value, item.within_days) }}
        ) as crowded
            on links.identifier_value = crowded.identifier_value
        where links.identifier_type = '{{ item.type }}'
    {% endcall %}
    {%- do drop_tables(steps, [prefix ~ '_holders', prefix ~ '_carriers', prefix ~ '_roots_0']) -%}
{%- endmacro %}

{# A record holds its limited values before any link is taken; what one record carries beyond the
   limit of a customer is refused, in the order of values. #}
{% macro hold_limited(steps, state) -%}
    {%- set limited = identity_policy() | selectattr('max_values_per_customer') | list -%}
    {%- if limited -%}
        {% call reject_links(steps, state) %}
            select record_no, identifier_type, identifier_value, 'record_over_limit' as reason
            from (
                select
                    record_no,
                    identifier_type,
                    identifier_value,
                    row_number() over (
                        partition by record_no, identifier_type order by identifier_value
                    ) as value_no
                from {{ scratch_table(state.links) }}
                where identifier_type in ({{ quoted_types(limited | map(attribute='type')) }})
            ) as ranked
            where
                {% for item in limited %}
                (identifier_type = '{{ item.type }}' and value_no > {{ item.max_values_per_customer }})
                {% if not loop.last %}or{% endif %}
                {% endfor %}
        {% endcall %}
    {%- endif -%}
    {% call make_table(steps, 'held_values') %}
        select distinct
            record_no,
            identifier_type as limit_type,
            identifier_value as limit_value,
            case identifier_type
                {% for item in limited %}
                when '{{ item.type }}' then {{ item.max_values_per_customer }}
                {% endfor %}
                when '' then 0
            end as most
        from {{ scratch_table(state.links) }}
        where identifier_type in ({{ quoted_types(limited | map(attribute='type')) }})
    {% endcall %}
{%- endmacro %}

{# Human decisions. A group that 'same' connects and a 'never' splits is contradictory: its decisions
   are set aside. Otherwise 'same' connects its records before any link is taken, and limited values
   that it brings together count as one value everywhere; each 'never' is a limited type of its own,
   of which a customer may hold one value. Leaves held (by record), set_aside
   and clusters_0: the records that 'same' joins with their cluster. #}
{% macro take_decisions(steps) -%}
    {% call make_table(steps, 'decisions') %}
        select
            decisions.decision_key,
            ones.age_no as record_no_one,
            others.age_no as record_no_other,
            decisions.is_same
        from {{ ref('int_identity__decisions') }} as decisions
        inner join {{ ref('int_identity__touched') }} as ones
            on decisions.record_no_one = ones.record_no
        inner join {{ ref('int_identity__touched') }} as others
            on decisions.record_no_other = others.record_no
        where not ones.is_neighbour and not others.is_neighbour
    {% endcall %}
    {% call make_table(steps, 'awake_members') %}
        {{ decision_members('decisions', 'is_same') }}
    {% endcall %}
    {%- do connect_members(steps, 'awake', 'awake') -%}
    {% call make_table(steps, 'contradictory') %}
        select
            decisions.decision_key,
            decisions.is_same,
            coalesce(ones.parent, decisions.record_no_one) as group_one,
            coalesce(others.parent, decisions.record_no_other) as group_other
        from {{ scratch_table('decisions') }} as decisions
        left join {{ scratch_table('awake_roots_0') }} as ones
            on decisions.record_no_one = ones.node
        left join {{ scratch_table('awake_roots_0') }} as others
            on decisions.record_no_other = others.node
    {% endcall %}
    {% call make_table(steps, 'set_aside') %}
        select grouped.decision_key
        from {{ scratch_table('contradictory') }} as grouped
        inner join (
            select distinct group_one as group_no
            from {{ scratch_table('contradictory') }}
            where not is_same and group_one = group_other
        ) as split_groups
            on grouped.group_one = split_groups.group_no
        where grouped.group_one = grouped.group_other
    {% endcall %}
    {% call make_table(steps, 'standing') %}
        select
            decisions.decision_key,
            decisions.record_no_one,
            decisions.record_no_other,
            decisions.is_same
        from {{ scratch_table('decisions') }} as decisions
        left join {{ scratch_table('set_aside') }} as set_aside
            on decisions.decision_key = set_aside.decision_key
        where set_aside.decision_key is null
    {% endcall %}
    {% call make_table(steps, 'same_members') %}
        {{ decision_members('standing', 'is_same') }}
    {% endcall %}
    {%- do drop_tables(steps, ['decisions', 'contradictory', 'awake_roots_0']) -%}
    {%- do merge_limited_values(steps) -%}
    {% call make_table(steps, 'held') %}
        select
            held.record_no,
            held.limit_type,
            coalesce(classes.limit_class, held.limit_value) as limit_value,
            held.most
        from {{ scratch_table('held_values') }} as held
        left join {{ scratch_table('value_classes') }} as classes
            on held.limit_type = classes.limit_type and held.limit_value = classes.limit_value
        union all
        select
            node as record_no,
            'never ' || group_value as limit_type,
            cast(node as {{ dbt.type_string() }}) as limit_value,
            1 as most
        from (
            {{ decision_members('standing', 'not is_same') }}
        ) as nevers
    {% endcall %}
    {% call make_table(steps, 'clusters_0') %}
        select
            members.node as record_no,
            coalesce(roots.parent, members.node) as cluster_no
        from (select distinct node from {{ scratch_table('same_members') }}) as members
        left join {{ scratch_table('same_pairs_roots_0') }} as roots
            on members.node = roots.node
    {% endcall %}
    {%- do drop_tables(steps, [
        'held_values', 'value_classes', 'standing', 'same_members', 'same_pairs_roots_0'
    ]) -%}
{%- endmacro %}

{# The two records of each decision of a kind, as members of its group. #}
{% macro decision_members(table, condition) -%}
    select record_no_one as node, 'decision' as group_type, decision_key as group_value
    from {{ scratch_table(table) }}
    where {{ condition }}
    union all
    select record_no_other as node, 'decision' as group_type, decision_key as group_value
    from {{ scratch_table(table) }}
    where {{ condition }}
{%- endmacro %}

{# Limited values of one type on records that 'same' joins are one class, also where they are carried
   elsewhere. Leaves value_classes (limit_type, limit_value, limit_class). #}
{% macro merge_limited_values(steps) -%}
    {% call make_table(steps, 'same_pairs_members') %}
        select node, group_type, group_value from {{ scratch_table('same_members') }}
    {% endcall %}
    {%- do connect_members(steps, 'same_pairs', 'same_pairs') -%}
    {% call make_table(steps, 'joined_values') %}
        select distinct
            coalesce(roots.parent, members.node) as group_no,
            held.limit_type,
            held.limit_value
        from (select distinct node from {{ scratch_table('same_members') }}) as members
        left join {{ scratch_table('same_pairs_roots_0') }} as roots
            on members.node = roots.node
        inner join {{ scratch_table('held_values') }} as held
            on members.node = held.record_no
    {% endcall %}
    {% call make_table(steps, 'numbered_values') %}
        select
            limit_type,
            limit_value,
            row_number() over (order by limit_type, limit_value) as value_no
        from (select distinct limit_type, limit_value from {{ scratch_table('joined_values') }}) as found
    {% endcall %}
    {% call make_table(steps, 'classes_members') %}
        select
            numbered.value_no as node,
            joined.limit_type as group_type,
            cast(joined.group_no as {{ dbt.type_string() }}) as group_value
        from {{ scratch_table('joined_values') }} as joined
        inner join {{ scratch_table('numbered_values') }} as numbered
            on joined.limit_type = numbered.limit_type and joined.limit_value = numbered.limit_value
    {% endcall %}
    {%- do connect_members(steps, 'classes', 'classes') -%}
    {% call make_table(steps, 'value_classes') %}
        select
            numbered.limit_type,
            numbered.limit_value,
            firsts.limit_value as limit_class
        from {{ scratch_table('numbered_values') }} as numbered
        left join {{ scratch_table('classes_roots_0') }} as roots
            on numbered.value_no = roots.node
        inner join {{ scratch_table('numbered_values') }} as firsts
            on coalesce(roots.parent, numbered.value_no) = firsts.value_no
    {% endcall %}
    {%- do drop_tables(steps, [
        'joined_values', 'numbered_values', 'classes_roots_0'
    ]) -%}
{%- endmacro %}

{# Records that share a strong value are one cluster. #}
{% macro take_strong(steps, state) -%}
    {%- set strong = identity_policy('strong') | map(attribute='type') | list -%}
    {% call make_table(steps, 'strong_links') %}
        select
            links.record_no,
            coalesce(clusters.cluster_no, links.record_no) as cluster_no,
            links.identifier_type,
            links.identifier_value,
            {{ type_rank('links.identifier_type') }} as type_rank
        from {{ scratch_table(state.links) }} as links
        left join {{ scratch_table('clusters_0') }} as clusters
            on links.record_no = clusters.record_no
        where links.identifier_type in ({{ quoted_types(strong) }})
    {% endcall %}
    {% call make_table(steps, 'strong_free') %}
        select cluster_no, identifier_type, identifier_value
        from {{ scratch_table('strong_links') }}
        where record_no is null
    {% endcall %}
    {%- do take_links(steps, state, 'strong', keep_plain=true) -%}
    {%- set known_types = strong + identity_policy('fallback') | map(attribute='type') | list -%}
    {%- set usable, dropped = scratch_table(state.links), scratch_table(state.dropped) -%}
    {% call label_components(steps, 'strong') %}
        select
            coalesce(plain.parent, carried.node) as node,
            carried.identifier_type as group_type,
            carried.identifier_value as group_value
        from (
            select
                coalesce(clusters.cluster_no, links.record_no) as node,
                links.identifier_type,
                links.identifier_value
            from (
                select record_no, identifier_type, identifier_value
                from {{ usable }}
                where identifier_type in ({{ quoted_types(identity_policy('fallback') | map(attribute='type')) }})
                union all
                select record_no, identifier_type, identifier_value
                from {{ dropped }}
                where identifier_type in ({{ quoted_types(known_types) }})
                union all
                select usable.record_no, usable.identifier_type, usable.identifier_value
                from {{ usable }} as usable
                inner join (select distinct identifier_type, identifier_value from {{ dropped }}) as dropped
                    on
                        usable.identifier_type = dropped.identifier_type
                        and usable.identifier_value = dropped.identifier_value
                where usable.identifier_type in ({{ quoted_types(strong) }})
            ) as links
            left join {{ scratch_table('clusters_0') }} as clusters
                on links.record_no = clusters.record_no
        ) as carried
        left join {{ scratch_table('strong_plain') }} as plain
            on carried.node = plain.node
    {% endcall %}
    {% call make_table(steps, 'same_clusters') %}
        select record_no, cluster_no from {{ scratch_table('clusters_0') }}
    {% endcall %}
    {%- do note_links(steps, state, 'strong_refused') -%}
    {%- do drop_tables(steps, ['strong_links', 'strong_free', 'clusters_0']) -%}
{%- endmacro %}

{% macro type_rank(expression) -%}
    case {{ expression }}
        {% for item in identity_policy() %}
        when '{{ item.type }}' then {{ item.rank }}
        {% endfor %}
        when '' then 0
    end
{%- endmacro %}

{# Who carries none of the types named in when_missing joins the customer that holds the value: the
   oldest holder, where there are several. A cluster moves once, as one, by its oldest record with a
   holder; what finds no holder joins its like by the value. Leaves the next clusters, and in `taken`
   the records that have joined a holder, whose weaker links are refused. #}
{% macro take_fallback(steps, state, item) -%}
    {%- set prefix = 'fallback_' ~ item.rank -%}
    {%- set clusters = 'clusters_' ~ state.clusters -%}
    {% call make_table(steps, prefix ~ '_carriers') %}
        select
            links.record_no,
            links.identifier_value,
            coalesce(clusters.cluster_no, links.record_no) as cluster_no,
            missing.record_no is null as is_open,
            taken.record_no is not null as is_taken
        from {{ scratch_table(state.links) }} as links
        left join {{ scratch_table(clusters) }} as clusters
            on links.record_no = clusters.record_no
        left join (
            select distinct record_no
            from {{ scratch_table(state.links) }}
            where identifier_type in ({{ quoted_types(item.when_missing) }})
        ) as missing
            on links.record_no = missing.record_no
        left join {{ scratch_table('taken_' ~ state.taken) }} as taken
            on links.record_no = taken.record_no
        where links.identifier_type = '{{ item.type }}'
    {% endcall %}
    {% call make_table(steps, prefix ~ '_held') %}
        select
            open_carriers.record_no,
            open_carriers.identifier_value,
            open_carriers.cluster_no,
            open_carriers.is_taken,
            holders.holder_no
        from (
            select record_no, identifier_value, cluster_no, is_taken
            from {{ scratch_table(prefix ~ '_carriers') }}
            where is_open
        ) as open_carriers
        left join (
            select identifier_value, min(record_no) as holder_no
            from {{ scratch_table(prefix ~ '_carriers') }}
            where not is_open
            group by identifier_value
        ) as holders
            on open_carriers.identifier_value = holders.identifier_value
    {% endcall %}
    {% call make_table(steps, prefix ~ '_movers') %}
        select record_no, identifier_value, cluster_no, holder_no
        from (
            select
                record_no,
                identifier_value,
                cluster_no,
                holder_no,
                row_number() over (
                    partition by cluster_no order by record_no, holder_no, identifier_value
                ) as preference
            from {{ scratch_table(prefix ~ '_held') }}
            where holder_no is not null and not is_taken
        ) as ranked
        where preference = 1
    {% endcall %}
    {% call make_table(steps, prefix ~ '_links') %}
        select
            record_no,
            cluster_no,
            'move' as identifier_type,
            cast(record_no as {{ dbt.type_string() }}) as identifier_value,
            {{ item.rank }} as type_rank
        from {{ scratch_table(prefix ~ '_movers') }}
        union all
        select
            carried.record_no,
            carried.cluster_no,
            '{{ item.type }}' as identifier_type,
            carried.identifier_value,
            {{ item.rank }} as type_rank
        from {{ scratch_table(prefix ~ '_held') }} as carried
        left join {{ scratch_table(prefix ~ '_movers') }} as movers
            on carried.cluster_no = movers.cluster_no
        where carried.holder_no is null and not carried.is_taken and movers.record_no is null
    {% endcall %}
    {% call make_table(steps, prefix ~ '_free') %}
        select
            coalesce(clusters.cluster_no, movers.holder_no) as cluster_no,
            'move' as identifier_type,
            cast(movers.record_no as {{ dbt.type_string() }}) as identifier_value
        from {{ scratch_table(prefix ~ '_movers') }} as movers
        left join {{ scratch_table(clusters) }} as clusters
            on movers.holder_no = clusters.record_no
    {% endcall %}
    {%- do take_links(steps, state, prefix) -%}
    {% call make_table(steps, prefix ~ '_rejected') %}
        select
            carried.record_no,
            '{{ item.type }}' as identifier_type,
            carried.identifier_value,
            case
                when refused.reason is not null then refused.reason
                else 'fallback_taken'
            end as reason
        from {{ scratch_table(prefix ~ '_held') }} as carried
        left join {{ scratch_table(prefix ~ '_movers') }} as moved
            on carried.cluster_no = moved.cluster_no
        left join {{ scratch_table(prefix ~ '_refused') }} as refused
            on
                carried.record_no = refused.record_no
                and (
                    carried.identifier_value = refused.identifier_value
                    and refused.identifier_type = '{{ item.type }}'
                    or refused.identifier_type = 'move' and carried.identifier_value = moved.identifier_value
                )
        where
            refused.reason is not null
            or carried.is_taken
            or (
                moved.record_no is not null
                and not (
                    carried.record_no = moved.record_no
                    and carried.identifier_value = moved.identifier_value
                )
            )
    {% endcall %}
    {%- do note_links(steps, state, prefix ~ '_rejected') -%}
    {%- set taken = state.taken + 1 -%}
    {% call make_table(steps, 'taken_' ~ taken) %}
        select distinct record_no
        from (
            select record_no from {{ scratch_table('taken_' ~ state.taken) }}
            union all
            select record_no from {{ scratch_table(prefix ~ '_movers') }}
            union all
            select clusters.record_no
            from {{ scratch_table(clusters) }} as clusters
            inner join {{ scratch_table(prefix ~ '_movers') }} as movers
                on clusters.cluster_no = movers.cluster_no
        ) as moved
    {% endcall %}
    {%- do drop_tables(steps, [
        prefix ~ '_carriers', prefix ~ '_held', prefix ~ '_movers', prefix ~ '_links', prefix ~ '_free',
        prefix ~ '_refused', clusters, 'taken_' ~ state.taken
    ]) -%}
    {%- set state.taken = taken -%}
{%- endmacro %}

{# Anonymous clusters, which hold no usable strong or fallback value. Those that share a device or cookie
   which at most one known customer uses are one group; on a value that several use, only those who
   carry nothing else. A group that touches one known customer is attached to it, unless a limit or a
   decision forbids. #}
{% macro take_weak(steps, state) -%}
    {%- set known_types = (identity_policy('strong') + identity_policy('fallback')) | map(attribute='type') | list -%}
    {%- set weak_types = identity_policy('weak') | map(attribute='type') | list -%}
    {%- set clusters = 'clusters_' ~ state.clusters -%}
    {% call make_table(steps, 'known_clusters') %}
        select distinct coalesce(clusters.cluster_no, links.record_no) as cluster_no
        from {{ scratch_table(state.links) }} as links
        left join {{ scratch_table(clusters) }} as clusters
            on links.record_no = clusters.record_no
        where links.identifier_type in ({{ quoted_types(known_types) }})
        union distinct
        select age_no as cluster_no
        from {{ ref('int_identity__touched') }}
        where is_neighbour
    {% endcall %}
    {% call make_table(steps, 'weak_carriers') %}
        select
            links.record_no,
            links.identifier_type,
            links.identifier_value,
            coalesce(clusters.cluster_no, links.record_no) as cluster_no,
            known.cluster_no as known_no
        from {{ scratch_table(state.links) }} as links
        left join {{ scratch_table(clusters) }} as clusters
            on links.record_no = clusters.record_no
        left join {{ scratch_table('known_clusters') }} as known
            on coalesce(clusters.cluster_no, links.record_no) = known.cluster_no
        where links.identifier_type in ({{ quoted_types(weak_types) }})
    {% endcall %}
    {% call make_table(steps, 'weak_values') %}
        select
            identifier_type,
            identifier_value,
            count(distinct known_no) as customer_count,
            min(known_no) as customer_no
        from {{ scratch_table('weak_carriers') }}
        group by identifier_type, identifier_value
    {% endcall %}
    {% call make_table(steps, 'anonymous_links') %}
        select
            carriers.record_no,
            carriers.cluster_no,
            carriers.identifier_type,
            carriers.identifier_value,
            {{ type_rank('carriers.identifier_type') }} as type_rank,
            weak_values.customer_count,
            weak_values.customer_no,
            row_number() over (
                partition by carriers.record_no
                order by
                    case when weak_values.customer_count > 1 then 1 else 0 end,
                    {{ type_rank('carriers.identifier_type') }},
                    carriers.identifier_value
            ) as preference
        from {{ scratch_table('weak_carriers') }} as carriers
        inner join {{ scratch_table('weak_values') }} as weak_values
            on
                carriers.identifier_type = weak_values.identifier_type
                and carriers.identifier_value = weak_values.identifier_value
        where carriers.known_no is null
    {% endcall %}
    {% call make_table(steps, 'weak_links') %}
        select record_no, cluster_no, identifier_type, identifier_value, type_rank
        from {{ scratch_table('anonymous_links') }}
        where customer_count < 2 or preference = 1
    {% endcall %}
    {% call make_table(steps, 'weak_free') %}
        select cluster_no, identifier_type, identifier_value
        from {{ scratch_table('weak_links') }}
        where record_no is null
    {% endcall %}
    {%- do drop_tables(steps, ['weak_carriers', 'weak_values']) -%}
    {%- do take_links(steps, state, 'weak', keep_plain=true) -%}
    {% call label_components(steps, 'weak') %}
        select
            coalesce(plain.parent, links.cluster_no) as node,
            links.identifier_type as group_type,
            links.identifier_value as group_value
        from {{ scratch_table('anonymous_links') }} as links
        left join {{ scratch_table('weak_plain') }} as plain
            on links.cluster_no = plain.node
        where links.customer_count > 1
    {% endcall %}
    {%- do note_links(steps, state, 'weak_refused') -%}
    {%- set grouped = 'clusters_' ~ state.clusters -%}
    {% call make_table(steps, 'attaching') %}
        select
            grouped.cluster_no as group_no,
            min(links.customer_no) as customer_no
        from {{ scratch_table('anonymous_links') }} as links
        inner join {{ scratch_table(grouped) }} as grouped
            on links.record_no = grouped.record_no
        where links.customer_count = 1
        group by grouped.cluster_no
        having count(distinct links.customer_no) = 1
    {% endcall %}
    {%- do refuse_attachments(steps, state) -%}
    {% call make_table(steps, 'attached') %}
        select attaching.group_no, attaching.customer_no
        from {{ scratch_table('attaching') }} as attaching
        left join {{ scratch_table('attach_refused') }} as refused
            on attaching.group_no = refused.record_no
        where refused.record_no is null
    {% endcall %}
    {%- do drop_tables(steps, [
        'anonymous_links', 'weak_links', 'weak_free', 'attaching', 'attach_refused', clusters
    ]) -%}
{%- endmacro %}

{# Attachment is no merge, but limits and decisions bind it like one: groups attach one by one, the
   oldest first, and one that would break a limit stays alone. Leaves attach_refused (record_no: the
   group). #}
{% macro refuse_attachments(steps, state) -%}
    {% call make_table(steps, 'attach_refused') %}
        select group_no as record_no from {{ scratch_table('attaching') }} where group_no is null
    {% endcall %}
    {%- do count_step(steps, 'when', 'attach_limited', 'held') -%}
    {% call make_table(steps, 'attach_links') %}
        select
            group_no as record_no,
            group_no as cluster_no,
            'group' as identifier_type,
            cast(group_no as {{ dbt.type_string() }}) as identifier_value,
            0 as type_rank
        from {{ scratch_table('attaching') }}
    {% endcall %}
    {% call make_table(steps, 'attach_free') %}
        select
            customer_no as cluster_no,
            'group' as identifier_type,
            cast(group_no as {{ dbt.type_string() }}) as identifier_value
        from {{ scratch_table('attaching') }}
    {% endcall %}
    {%- do take_links(steps, state, 'attach') -%}
    {%- do drop_tables(steps, ['attach_links', 'attach_free', 'clusters_' ~ state.clusters]) -%}
    {%- set state.clusters = state.clusters - 1 -%}
    {%- do step(steps, 'end', 'attach_limited', '') -%}
{%- endmacro %}

{# What the records of a phase could be joined by: its plain components, brought together by the values
   that `spare`, a query, gives (node: the least record of a component). A change to any of these links can
   reach all of them. Leaves <prefix>_label_roots_0. #}
{% macro label_components(steps, prefix) -%}
    {%- set label = prefix ~ '_label' -%}
    {%- do step(steps, 'run', label ~ '_members', create_scratch_table(label ~ '_members', caller())) -%}
    {%- do connect_members(steps, label, label) -%}
{%- endmacro %}

{% macro gather_result(steps, state) -%}
    {%- set clusters = 'clusters_' ~ state.clusters -%}
    {%- set touched = ref('int_identity__touched') -%}
    {% call make_table(steps, 'found') %}
        select
            records.age_no,
            coalesce(attached.customer_no, clusters.cluster_no, records.age_no) as customer_no,
            case
                when known.cluster_no is not null then 'known'
                when attached.customer_no is not null then 'attached'
                else 'anonymous'
            end as record_role,
            coalesce(same.cluster_no, records.age_no) as same_no
        from {{ touched }} as records
        left join {{ scratch_table(clusters) }} as clusters
            on records.age_no = clusters.record_no
        left join {{ scratch_table('known_clusters') }} as known
            on coalesce(clusters.cluster_no, records.age_no) = known.cluster_no
        left join {{ scratch_table('attached') }} as attached
            on coalesce(clusters.cluster_no, records.age_no) = attached.group_no
        left join {{ scratch_table('same_clusters') }} as same
            on records.age_no = same.record_no
        where not records.is_neighbour
    {% endcall %}
    {% call make_table(steps, 'labelled') %}
        select
            found.age_no,
            found.customer_no,
            found.record_role,
            coalesce(labels.parent, strong.parent, found.same_no) as component_no,
            case when found.record_role <> 'known' then
                coalesce(weak_labels.parent, weak.parent, found.same_no)
            end as weak_component_no
        from {{ scratch_table('found') }} as found
        left join {{ scratch_table('strong_plain') }} as strong
            on found.same_no = strong.node
        left join {{ scratch_table('strong_label_roots_0') }} as labels
            on coalesce(strong.parent, found.same_no) = labels.node
        left join {{ scratch_table('weak_plain') }} as weak
            on found.same_no = weak.node
        left join {{ scratch_table('weak_label_roots_0') }} as weak_labels
            on coalesce(weak.parent, found.same_no) = weak_labels.node
    {% endcall %}
    {% call make_table(steps, 'result') %}
        select
            records.record_no,
            customers.record_no as customer_no,
            labelled.record_role,
            components.record_no as component_no,
            weak_components.record_no as weak_component_no,
            {{ text_column() }} as identifier_type,
            {{ text_column() }} as identifier_value,
            {{ text_column() }} as reason
        from {{ scratch_table('labelled') }} as labelled
        inner join {{ touched }} as records
            on labelled.age_no = records.age_no
        inner join {{ touched }} as customers
            on labelled.customer_no = customers.age_no
        inner join {{ touched }} as components
            on labelled.component_no = components.age_no
        left join {{ touched }} as weak_components
            on labelled.weak_component_no = weak_components.age_no
        union all
        select
            records.record_no,
            {{ number_column() }} as customer_no,
            {{ text_column() }} as record_role,
            {{ number_column() }} as component_no,
            {{ number_column() }} as weak_component_no,
            dropped.identifier_type,
            dropped.identifier_value,
            dropped.reason
        from {{ scratch_table(state.dropped) }} as dropped
        inner join {{ touched }} as records
            on dropped.record_no = records.age_no
        where not records.is_neighbour
        union all
        select
            {{ number_column() }} as record_no,
            {{ number_column() }} as customer_no,
            {{ text_column() }} as record_role,
            {{ number_column() }} as component_no,
            {{ number_column() }} as weak_component_no,
            'decision' as identifier_type,
            decision_key as identifier_value,
            'contradictory' as reason
        from {{ scratch_table('set_aside') }}
    {% endcall %}
    {%- do drop_tables(steps, [
        clusters, 'known_clusters', 'attached', 'held', 'set_aside', 'same_clusters', 'found', 'labelled',
        'strong_plain', 'strong_label_roots_0', 'weak_plain', 'weak_label_roots_0', state.links, state.dropped,
        'taken_' ~ state.taken
    ]) -%}
{%- endmacro %}
