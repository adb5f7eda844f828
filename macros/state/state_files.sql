{# What `customer360 state restore` calls, see customer360/state_files.py. #}

{# Makes the tables of the state, takes back what an attempt that was cut off left in them, and tells
   their columns, and whether there is a state or a publication already. #}
{% macro begin_restoring() -%}
    {%- do make_state() -%}
    {%- do roll_back_state(last_generation()) -%}
    {%- do keep_changes() -%}
    {%- set tables = {} -%}
    {%- for name in ['generations'] + state_tables().keys() | list -%}
        {%- do tables.update({name: state_columns(name).keys() | list}) -%}
    {%- endfor -%}
    {%- do tell({'tables': tables, 'is_taken': last_generation() > 0 or read_publication() is not none}) -%}
{%- endmacro %}

{# Adds rows to a table of the state. `rows`: JSON text, lists of values in the order of `columns`. #}
{% macro add_state_rows(name, columns, rows, rows_per_statement=1000) -%}
    {%- do open_changes() -%}
    {%- set given = fromjson(rows) -%}
    {%- set types = state_columns(name) -%}
    {%- for some in given | batch(rows_per_statement) -%}
        {%- set tuples = [] -%}
        {%- for row in some -%}
            {%- set literals = [] -%}
            {%- for value in row -%}
                {%- do literals.append(plain_literal(value, types[columns[loop.index0]])) -%}
            {%- endfor -%}
            {%- do tuples.append('(' ~ literals | join(', ') ~ ')') -%}
        {%- endfor -%}
        {%- do run_query(
            'insert into ' ~ state_relation(name) ~ ' (' ~ columns | join(', ') ~ ') values ' ~ tuples | join(', ')
        ) -%}
    {%- endfor -%}
    {%- do keep_changes() -%}
    {%- do tell({'row_count': given | length}) -%}
{%- endmacro %}

{# A JSON value as SQL. An exact number comes as {number: text}, because JSON's own are not exact, and
   neither is a bare one on every engine. Each reads a quoted time where a column of times is filled. #}
{% macro plain_literal(value, type) -%}
    {%- if value is none -%}
        {{ return('null') }}
    {%- elif value is boolean -%}
        {{ return('true' if value else 'false') }}
    {%- elif value is number -%}
        {{ return(value | string) }}
    {%- elif value is mapping -%}
        {{ return("cast('" ~ value['number'] ~ "' as " ~ type ~ ')') }}
    {%- endif -%}
    {{ return(data_literal(value)) }}
{%- endmacro %}
