{# Why two records, identifiers or customers are one customer, or are not:
   dbt --log-level-file none run-operation why --args '{one: ..., other: ...}', the command `customer360 why`
   for warehouses. #}
{% macro why(one, other) -%}
    {%- if execute -%}
        {%- for line in explain_why(one | string, other | string) -%}
            {%- do print(line) -%}
        {%- endfor -%}
        {%- if hides_values() -%}
            {%- do print("Values are hidden, because dbt logs what it prints; --log-level-file none, before run-operation, shows them.") -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Whether the answer must do without values: what dbt prints goes to its log file too. #}
{% macro hides_values() -%}
    {{ return(
        env_var('DBT_LOG_LEVEL_FILE', '') != 'none'
        and not modules.re.search('--log-level-file[ =]none', flags.INVOCATION_COMMAND | string)
    ) }}
{%- endmacro %}

{% macro shown_value(value) -%}
    {{ return('(hidden)' if hides_values() else value) }}
{%- endmacro %}

{# The answer as a list of lines. #}
{% macro explain_why(one, other) -%}
    {%- set left, right = find_named(one), find_named(other) -%}
    {%- for name, found in ((one, left), (other, right)) -%}
        {%- if found | length == 0 -%}
            {{ return(["Nothing is called '" ~ name ~ "'; name a customer360_id, a record_key, a value or type:value."]) }}
        {%- elif found | length > 1 -%}
            {{ return([
                "'" ~ name ~ "' fits several things; name one of them: "
                ~ (found | map(attribute='text') | list)[:12] | join(', ')
                ~ (' and ' ~ (found | length - 12) ~ ' more' if found | length > 12 else '') ~ "."
            ]) }}
        {%- endif -%}
    {%- endfor -%}
    {%- set customers = named_customers(left[0]), named_customers(right[0]) -%}
    {%- set common = customers[0] | select('in', customers[1]) | list -%}
    {%- if common -%}
        {{ return(joined_lines(left[0], right[0], customers, common)) }}
    {%- endif -%}
    {{ return(parted_lines(left[0], right[0], customers)) }}
{%- endmacro %}

{# A list of texts for `in (...)`. #}
{% macro text_literals(texts) -%}
    {%- set literals = [] -%}
    {%- for text in texts -%}
        {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(text))) -%}
    {%- endfor -%}
    {{ return(literals | join(', ')) }}
{%- endmacro %}

{# --- names --- #}

{# What a name may stand for: [{kind, text, key, type}, ...]. What fits as it is goes before what fits
   without its namespace, and both before the same in lower case. #}
{% macro find_named(name) -%}
    {%- set bare = without_namespace('identifier_value') -%}
    {%- for spelling in [name | trim, name | trim | lower] | unique(case_sensitive=true) -%}
        {%- set literal = text_literals([spelling]) -%}
        {%- set found = [] -%}
        {%- set queries = [
            "select 'customer' as kind, '' as identifier_type, current_customer360_id as found_key from "
            ~ ref('customer360_id_lookup') ~ " where customer360_id = " ~ literal
            ~ " and current_customer360_id is not null",
            "select 'record' as kind, '' as identifier_type, record_key as found_key from "
            ~ ref('customer360_identity_map') ~ " where record_key = " ~ literal,
            named_identifiers("identifier_value = " ~ literal ~ " or identifier_type || ':' || identifier_value = " ~ literal),
        ] -%}
        {%- do found.extend(named_rows(queries, spelling)) -%}
        {%- if not found -%}
            {%- do found.extend(named_rows([
                named_identifiers(bare ~ " = " ~ literal ~ " or identifier_type || ':' || " ~ bare ~ " = " ~ literal)
            ], spelling)) -%}
        {%- endif -%}
        {%- if found -%}
            {{ return(found) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return([]) }}
{%- endmacro %}

{# A query: the identifiers that meet a condition. #}
{% macro named_identifiers(condition) -%}
    select distinct 'identifier' as kind, identifier_type, identifier_value as found_key
    from ({{ carried_links(false) }}) as carried
    where {{ condition }}
{%- endmacro %}

{% macro named_rows(queries, spelling) -%}
    {%- set found = [] -%}
    {%- for query in queries -%}
        {%- for kind, type, key in run_query(query ~ ' order by 1, 2, 3').rows -%}
            {%- set text = type ~ ':' ~ shown_value(key) if kind == 'identifier' else kind ~ ' ' ~ spelling -%}
            {%- if kind == 'customer' and key != spelling -%}
                {%- set text = text ~ ' (now ' ~ key ~ ')' -%}
            {%- endif -%}
            {%- do found.append({'kind': kind, 'text': text, 'key': key, 'type': type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# A query: every link, accepted or not; human decisions only if asked for. #}
{% macro carried_links(decisions=true) -%}
    select
        record_key,
        customer360_id,
        identifier_type,
        identifier_value,
        'not_joining' as reason,
        identifier_role as policy_rule
    from {{ ref('customer360_identity_links') }}
    {% if not decisions %}where identifier_role <> 'decision'{% endif %}
    union all
    select
        record_key,
        customer360_id,
        identifier_type,
        identifier_value,
        reason,
        policy_rule
    from {{ ref('customer360_identity_rejections') }}
    {% if not decisions %}where identifier_role <> 'decision'{% endif %}
{%- endmacro %}

{# A query: the records that a name stands for. #}
{% macro named_records(named) -%}
    {%- if named.kind == 'identifier' -%}
        select distinct record_key, customer360_id
        from ({{ carried_links(false) }}) as carried
        where
            identifier_type = {{ text_literals([named.type]) }}
            and identifier_value = {{ text_literals([named.key]) }}
    {%- else -%}
        select record_key, customer360_id
        from {{ ref('customer360_identity_map') }}
        where {{ 'customer360_id' if named.kind == 'customer' else 'record_key' }} = {{ text_literals([named.key]) }}
    {%- endif -%}
{%- endmacro %}

{% macro named_customers(named) -%}
    {{ return(run_query(
        'select distinct customer360_id from (' ~ named_records(named) ~ ') as named order by customer360_id'
    ).columns[0].values() | list) }}
{%- endmacro %}

{# --- one customer --- #}

{% macro joined_lines(left, right, customers, common) -%}
    {%- set lines = [] -%}
    {%- set chain = shortest_chain(left, right, common) -%}
    {%- if chain is none -%}
        {{ return([
            "The chain between them is longer than " ~ why_max_rounds()
            ~ " identifiers; on DuckDB the command `customer360 why` shows it."
        ]) }}
    {%- elif not chain -%}
        {{ return(["The links of this customer do not hold together; run `dbt build` again."]) }}
    {%- endif -%}
    {%- set owner = chain[0].customer -%}
    {%- do lines.append(left.text ~ ' and ' ~ right.text ~ ' are one customer: ' ~ owner ~ '.') -%}
    {%- for side, owners in ((left, customers[0]), (right, customers[1])) if owners | length > 1 -%}
        {%- do lines.append('(' ~ side.text ~ ' is carried by records of ' ~ owners | length ~ ' customers.)') -%}
    {%- endfor -%}
    {%- if chain | length == 1 -%}
        {{ return(lines + ['Both meet in one record: ' ~ chain[0].record ~ '.']) }}
    {%- endif -%}
    {%- do lines.append(
        'The shortest chain between them is '
        ~ ('1 identifier' if chain | length == 2 else (chain | length - 1) ~ ' identifiers') ~ ' long:'
    ) -%}
    {%- for step in chain -%}
        {%- do lines.append(
            '  ' ~ step.record if step.value is none else '  -- ' ~ step.value ~ ' -- ' ~ step.record
        ) -%}
    {%- endfor -%}
    {{ return(lines) }}
{%- endmacro %}

{# Rounds of the search: each takes two statements, which a warehouse answers in a second or so. #}
{% macro why_max_rounds() -%}
    {{ return(1000) }}
{%- endmacro %}

{# A shortest chain as [{record, value, customer}, ...], the one that customer360/why.py finds: a search in breadth,
   a round a step. Empty where there is none; none where it is longer than why_max_rounds. A record that
   only holds a value leads to those that joined by it, not to others that hold it. Numbers stand for
   records and values, so that neither comes into the log of the statements. #}
{% macro shortest_chain(left, right, customers) -%}
    {%- set reached = scratch_table('why_reached') -%}
    {%- do run_query(create_scratch_table('why_records', numbered_records(left, right, customers))) -%}
    {%- do run_query(create_scratch_table('why_links', numbered_links())) -%}
    {%- do run_query(create_scratch_table('why_reached', first_reached())) -%}
    {%- set state = namespace(round=0, goal=none, is_done=false) -%}
    {%- for _ in range(why_max_rounds() + 1) if not state.is_done -%}
        {%- set counted = run_query(
            'select count(*) as record_count, min(case when is_goal then record_no end) as goal_no from ' ~ reached
            ~ ' where round_no = ' ~ state.round
        ).rows[0] -%}
        {%- set state.goal = counted[1] -%}
        {%- set state.is_done = counted[0] | int == 0 or state.goal is not none -%}
        {%- if not state.is_done -%}
            {%- do run_query(next_reached(state.round)) -%}
            {%- set state.round = state.round + 1 -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set chain = trace_chain(state.goal) if state.goal is not none else [] -%}
    {%- for name in ('why_records', 'why_links', 'why_reached') -%}
        {%- do run_query('drop table ' ~ scratch_table(name)) -%}
    {%- endfor -%}
    {{ return(chain if state.is_done else none) }}
{%- endmacro %}

{# Numbers follow the names, so that the least number is the first name. #}
{% macro numbered_records(left, right, customers) -%}
    select
        records.record_key,
        records.customer360_id,
        row_number() over (order by records.record_key) as record_no,
        starts.record_key is not null as is_start,
        goals.record_key is not null as is_goal
    from {{ ref('customer360_identity_map') }} as records
    left join ({{ named_records(left) }}) as starts
        on records.record_key = starts.record_key
    left join ({{ named_records(right) }}) as goals
        on records.record_key = goals.record_key
    where records.customer360_id in ({{ text_literals(customers) }})
{%- endmacro %}

{% macro numbered_links() -%}
    select
        records.record_no,
        records.is_goal,
        dense_rank() over (order by links.identifier_type, links.identifier_value) as value_no,
        links.identifier_type,
        links.identifier_value,
        links.decision,
        links.link_effect = 'joins' as is_joining
    from {{ ref('customer360_identity_links') }} as links
    inner join {{ scratch_table('why_records') }} as records
        on links.record_key = records.record_key
    where links.link_effect <> 'none'
{%- endmacro %}

{% macro first_reached() -%}
    select
        record_no,
        is_goal,
        0 as round_no,
        cast(null as {{ dbt.type_bigint() }}) as via_record_no,
        cast(null as {{ dbt.type_bigint() }}) as via_value_no
    from {{ scratch_table('why_records') }}
    where is_start
{%- endmacro %}

{% macro next_reached(round) -%}
    insert into {{ scratch_table('why_reached') }}
    select record_no, is_goal, round_no, via_record_no, via_value_no
    from (
        select
            carriers.record_no,
            carriers.is_goal,
            {{ round + 1 }} as round_no,
            expanded.via_record_no,
            expanded.value_no as via_value_no,
            row_number() over (
                partition by carriers.record_no order by expanded.via_record_no, expanded.value_no
            ) as preference
        from (
            select
                links.value_no,
                links.is_joining,
                min(links.record_no) as via_record_no
            from {{ scratch_table('why_links') }} as links
            inner join {{ scratch_table('why_reached') }} as frontier
                on links.record_no = frontier.record_no
            where frontier.round_no = {{ round }}
            group by links.value_no, links.is_joining
        ) as expanded
        inner join {{ scratch_table('why_links') }} as carriers
            on expanded.value_no = carriers.value_no
        left join {{ scratch_table('why_reached') }} as seen
            on carriers.record_no = seen.record_no
        where seen.record_no is null and (expanded.is_joining or carriers.is_joining)
    ) as ranked
    where preference = 1
{%- endmacro %}

{% macro trace_chain(goal) -%}
    {%- set steps = [] -%}
    {%- set state = namespace(record_no=goal) -%}
    {%- for _ in range(why_max_rounds() + 1) if state.record_no is not none -%}
        {%- set step = run_query(step_query(state.record_no)).rows[0] -%}
        {%- set value = none if step[1] is none else step[4] or step[2] ~ ' ' ~ shown_value(step[3]) -%}
        {%- do steps.append({'record': step[0], 'value': value, 'customer': step[5]}) -%}
        {%- set state.record_no = step[1] -%}
    {%- endfor -%}
    {{ return(steps | reverse | list) }}
{%- endmacro %}

{# A query: a record with the one it was reached from, and the value it was reached over. #}
{% macro step_query(record_no) -%}
    select
        records.record_key,
        reached.via_record_no,
        max(links.identifier_type) as identifier_type,
        max(links.identifier_value) as identifier_value,
        max(links.decision) as decision,
        max(records.customer360_id) as customer360_id
    from {{ scratch_table('why_reached') }} as reached
    inner join {{ scratch_table('why_records') }} as records
        on reached.record_no = records.record_no
    left join {{ scratch_table('why_links') }} as links
        on reached.via_value_no = links.value_no
    where reached.record_no = {{ record_no | int }}
    group by records.record_key, reached.via_record_no
{%- endmacro %}

{# --- different customers --- #}

{% macro parted_lines(left, right, customers) -%}
    {%- set lines = [left.text ~ ' and ' ~ right.text ~ ' are different customers:'] -%}
    {%- for owners in customers -%}
        {%- do lines.append('  ' ~ (owners | join(', ') or 'none')) -%}
    {%- endfor -%}
    {%- set found = run_query(shared_values(customers[0], customers[1])).rows -%}
    {%- do lines.append('What stands between them:' if found else 'There is no shared identifier between them.') -%}
    {%- for type, value, reason, rule in found -%}
        {%- if type == 'decision' -%}
            {%- do lines.append('  ' ~ rule ~ ' (' ~ reason ~ ')') -%}
        {%- elif reason == 'not_joining' -%}
            {%- do lines.append('  ' ~ type ~ ' ' ~ shown_value(value) ~ ': joins no two customers (role ' ~ rule ~ ')') -%}
        {%- else -%}
            {%- do lines.append('  ' ~ type ~ ' ' ~ shown_value(value) ~ ': ' ~ reason ~ ' (' ~ rule ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(lines) }}
{%- endmacro %}

{# A query: what customers of both sides carry, with why it does not join them. #}
{% macro shared_values(left_customers, right_customers) -%}
    with carried as (
        select
            identifier_type,
            identifier_value,
            reason,
            policy_rule,
            case when customer360_id in ({{ text_literals(left_customers) }}) then 1 else 0 end as is_left
        from ({{ carried_links() }}) as links
        where customer360_id in ({{ text_literals(left_customers + right_customers) }})
    ),
    shared as (
        select
            identifier_type,
            identifier_value,
            max(case when reason = 'not_joining' then 0 else 1 end) as is_rejected
        from carried
        group by identifier_type, identifier_value
        having min(is_left) = 0 and max(is_left) = 1
    )
    select distinct
        carried.identifier_type,
        carried.identifier_value,
        carried.reason,
        carried.policy_rule
    from carried
    inner join shared
        on
            carried.identifier_type = shared.identifier_type
            and carried.identifier_value = shared.identifier_value
    where shared.is_rejected = 0 or carried.reason <> 'not_joining'
    order by 1, 2, 3, 4
{%- endmacro %}
