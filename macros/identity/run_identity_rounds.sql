{# Runs the statements of identity_statements() from SQL, where no Python model can: the driver
   int_identity__components_by_python, step for step. Gives the table that holds the result. Only a
   run or build runs anything; a loop that does not end stops it. #}
{% macro run_identity_rounds() -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- set steps = {} -%}
        {%- for phase, kind, statement in identity_statements() -%}
            {%- do steps.setdefault(phase, {}).setdefault(kind, []).append(statement) -%}
        {%- endfor -%}
        {%- for phase in ('strong', 'weak') -%}
            {%- do run_statements(steps[phase].prepare, {}) -%}
            {%- set rounds = contract_until_done(steps[phase]) | int -%}
            {%- do run_statements(steps[phase].finish, {}) -%}
            {%- do run_statements(steps[phase].clean, {'round': rounds}) -%}
        {%- endfor -%}
    {%- else -%}
        {#- The references must be seen while dbt reads the project. -#}
        {%- do identity_statements() -%}
    {%- endif -%}
    {{ return(scratch_table('result')) }}
{%- endmacro %}

{# As many contractions, or jumps, as no table can need: each halves what is left to do. #}
{% macro identity_max_rounds() -%}
    {{ return(64) }}
{%- endmacro %}

{% macro contract_until_done(steps) -%}
    {%- set state = namespace(round=0, is_done=false) -%}
    {%- for _ in range(identity_max_rounds() + 1) -%}
        {%- if not state.is_done and not counted(steps.count_edges, {'round': state.round}) -%}
            {%- set state.is_done = true -%}
        {%- elif not state.is_done and loop.last -%}
            {%- do exceptions.raise_compiler_error("Identity rounds did not end; nothing of what they found is used.") -%}
        {%- elif not state.is_done -%}
            {%- set jumps = jump_until_rooted(steps, state.round) | int -%}
            {%- do run_statements(steps.settle, {'round': state.round, 'jump': jumps}) -%}
            {%- do run_statements(steps.contract, {'round': state.round, 'next': state.round + 1}) -%}
            {%- set state.round = state.round + 1 -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for earlier in range(state.round - 1) | reverse -%}
        {%- do run_statements(steps.compose, {'round': earlier, 'next': earlier + 1}) -%}
    {%- endfor -%}
    {%- if state.round == 0 -%}
        {%- do run_statements(steps.no_round, {}) -%}
    {%- endif -%}
    {{ return(state.round) }}
{%- endmacro %}

{% macro jump_until_rooted(steps, round) -%}
    {%- set state = namespace(jump=0, is_done=false) -%}
    {%- do run_statements(steps.hook, {'round': round}) -%}
    {%- for _ in range(identity_max_rounds() + 1) -%}
        {%- if not state.is_done and not counted(steps.count_jumps, {'round': round, 'jump': state.jump}) -%}
            {%- set state.is_done = true -%}
        {%- elif not state.is_done and loop.last -%}
            {%- do exceptions.raise_compiler_error("Identity jumps did not end; nothing of what they found is used.") -%}
        {%- elif not state.is_done -%}
            {%- do run_statements(
                steps.jump, {'round': round, 'jump': state.jump, 'next_jump': state.jump + 1}
            ) -%}
            {%- set state.jump = state.jump + 1 -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(state.jump) }}
{%- endmacro %}

{% macro fill_numbers(statement, numbers) -%}
    {%- set filled = namespace(statement=statement) -%}
    {%- for name, number in numbers.items() -%}
        {%- set filled.statement = filled.statement | replace('{' ~ name ~ '}', number | string) -%}
    {%- endfor -%}
    {{ return(filled.statement) }}
{%- endmacro %}

{% macro run_statements(statements, numbers) -%}
    {%- for statement in statements -%}
        {%- do run_query(fill_numbers(statement, numbers)) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro counted(statements, numbers) -%}
    {{ return(run_query(fill_numbers(statements[0], numbers)).columns[0].values()[0] | int) }}
{%- endmacro %}
