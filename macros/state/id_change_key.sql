{# The key of a change of an id: its generation, the ids and what happened. `changes` names the relation
   with the change, `generations` the one with its generation_no. #}
{% macro id_change_key(changes, generations) -%}
    {{ dbt.hash(
        "cast(" ~ generations ~ ".generation_no as " ~ dbt.type_string() ~ ") || '|' || " ~ changes ~ ".customer360_id || '|' || "
        ~ changes ~ ".change || '|' || coalesce(" ~ changes ~ ".other_customer360_id, '')"
    ) }}
{%- endmacro %}
