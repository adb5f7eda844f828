{# Steps of the kernel: rows (kind, name, statement) that a driver takes in order. Kinds:

     run     execute the statement
     loop    count: not zero, go on; zero, go past the `end` of this name. {name} counts the passes
     end     of a loop: back to its start. Of a block: nothing
     when    a block: go on if the statement counts more than zero, else past its `end`
     unless  a block: go on if it counts zero
     back    a loop over {name}, from two less than the passes of the loop that the statement names
             down to 0

   In a statement {name} stands for the loop's counter and {name+1} for one more. #}
{% macro step(steps, kind, name, statement) -%}
    {#- On one line: a text literal must not span lines on every engine. -#}
    {%- do steps.append((kind, name, statement.split() | join(' '))) -%}
{%- endmacro %}

{# The statement that makes a scratch table of the query in the call block. #}
{% macro make_table(steps, name) -%}
    {%- do step(steps, 'run', name, create_scratch_table(name, caller())) -%}
{%- endmacro %}

{% macro drop_tables(steps, names) -%}
    {%- for name in names -%}
        {%- do step(steps, 'run', name, 'drop table ' ~ scratch_table(name)) -%}
    {%- endfor -%}
{%- endmacro %}

{# A step that counts the rows of a scratch table, or of one of its conditions. #}
{% macro count_step(steps, kind, name, table, condition='true') -%}
    {%- do step(
        steps, kind, name,
        'select count(*) as row_count from ' ~ scratch_table(table) ~ ' where ' ~ condition
    ) -%}
{%- endmacro %}
