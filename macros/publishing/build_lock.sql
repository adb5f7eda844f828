{# One build at a time in a target schema: a table of one row. Who finds another's row is told so and
   leaves; a row taken before `expired_before`, or by the same holder, is left from a killed build. #}
{% macro take_build_lock(holder, now, expired_before, take_over) -%}
    {%- set lock = internal_relation('build_lock') -%}
    {%- set found = build_lock_row() -%}
    {%- if found is not none -%}
        {%- if found.holder != holder and found.taken_at >= expired_before and not take_over -%}
            {{ return(found) }}
        {%- endif -%}
        {%- do run_query('drop table if exists ' ~ lock) -%}
    {%- endif -%}
    {#- Without "if not exists": of two builds that come here at once the engine refuses one. -#}
    {%- do run_query("create table " ~ lock ~ " as select '" ~ holder ~ "' as holder, '" ~ now ~ "' as taken_at") -%}
    {{ return(none) }}
{%- endmacro %}

{% macro build_lock_row() -%}
    {%- if not relation_stands(internal_relation('build_lock')) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set row = run_query('select holder, taken_at from ' ~ internal_relation('build_lock')).rows[0] -%}
    {{ return({'holder': row[0] | string, 'taken_at': row[1] | string}) }}
{%- endmacro %}

{# Stops where somebody else has taken the lock over in the meantime. #}
{% macro check_build_lock(holder) -%}
    {%- set found = build_lock_row() -%}
    {%- if found is none or found.holder != holder -%}
        {%- do exceptions.raise_compiler_error(
            "Another build has taken this one's place in " ~ target.schema ~ "; nothing was published."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# Gives the lock back, if it is still the holder's own. #}
{% macro release_build_lock(holder) -%}
    {%- set found = build_lock_row() -%}
    {%- if found is not none and found.holder == holder -%}
        {%- do run_query('drop table if exists ' ~ internal_relation('build_lock')) -%}
    {%- endif -%}
    {%- do tell({}) -%}
{%- endmacro %}
