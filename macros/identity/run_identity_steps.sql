{# Takes the steps of identity_steps() from SQL, where no Python model can: the driver
   int_identity__resolved_by_python, kind for kind. Gives the table that holds the result. Only a run
   or build runs anything; a loop that does not end stops it. #}
{% macro run_identity_steps() -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- do take_steps(identity_steps()) -%}
    {%- else -%}
        {#- The references must be seen while dbt reads the project. -#}
        {%- do identity_steps() -%}
    {%- endif -%}
    {{ return(scratch_table('result')) }}
{%- endmacro %}

{# More passes of a loop than any input can need. #}
{% macro identity_max_passes() -%}
    {{ return(10000) }}
{%- endmacro %}

{% macro take_steps(steps) -%}
    {%- set state = namespace(place=0) -%}
    {%- set counters, running = {}, [] -%}
    {#- Jinja has no loop without an end, nor a way out of one: two loops, so that what is left of them
        when all steps are taken costs nothing. -#}
    {%- for _ in range(1000) if state.place < steps | length -%}
        {%- for _ in range(1000) if state.place < steps | length -%}
            {%- set state.place = take_step(steps, state.place, counters, running) | int -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if state.place < steps | length -%}
        {%- do exceptions.raise_compiler_error("Identity steps did not end; nothing of what they found is used.") -%}
    {%- endif -%}
{%- endmacro %}

{# Takes the step at a place; gives the place of the next one. #}
{% macro take_step(steps, place, counters, running) -%}
    {%- set kind, name, statement = steps[place] -%}
    {%- set past = namespace(place=place) -%}
    {%- if kind in ('loop', 'back', 'when', 'unless') -%}
        {%- set past.place = steps.index(('end', name, '')) + 1 -%}
    {%- endif -%}
    {%- if kind == 'run' -%}
        {%- do run_query(fill_counters(statement, counters)) -%}
    {%- elif kind == 'loop' -%}
        {%- do counters.update({name: counters[name] + 1 if name in running else 0}) -%}
        {%- if name not in running -%} {%- do running.append(name) -%} {%- endif -%}
        {%- if not counted(statement, counters) -%}
            {%- do running.remove(name) -%}
            {{ return(past.place) }}
        {%- elif counters[name] == identity_max_passes() -%}
            {%- do exceptions.raise_compiler_error(
                "Identity loop " ~ name ~ " did not end; nothing of what it found is used."
            ) -%}
        {%- endif -%}
    {%- elif kind == 'back' -%}
        {%- do counters.update({name: counters[name] - 1 if name in running else counters[statement] - 2}) -%}
        {%- if name not in running -%} {%- do running.append(name) -%} {%- endif -%}
        {%- if counters[name] < 0 -%}
            {%- do running.remove(name) -%}
            {{ return(past.place) }}
        {%- endif -%}
    {%- elif kind == 'when' and not counted(statement, counters) -%}
        {{ return(past.place) }}
    {%- elif kind == 'unless' and counted(statement, counters) -%}
        {{ return(past.place) }}
    {%- elif kind == 'end' and name in running -%}
        {{ return(steps.index(steps | selectattr(0, 'ne', 'run') | selectattr(1, 'equalto', name) | first)) }}
    {%- endif -%}
    {{ return(place + 1) }}
{%- endmacro %}

{# A statement with the counters of its loops in the place of {name} and {name+1}. #}
{% macro fill_counters(statement, counters) -%}
    {%- set filled = namespace(statement=statement) -%}
    {%- for name, number in counters.items() -%}
        {%- set filled.statement = filled.statement
            | replace('{' ~ name ~ '}', number) | replace('{' ~ name ~ '+1}', number + 1) -%}
    {%- endfor -%}
    {{ return(filled.statement) }}
{%- endmacro %}

{% macro counted(statement, counters) -%}
    {{ return(run_query(fill_counters(statement, counters)).columns[0].values()[0] | int) }}
{%- endmacro %}
