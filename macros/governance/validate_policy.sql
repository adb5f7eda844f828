{# Everything that can be wrong with identity_policy, one sentence each. What has the right kind of
   value but makes no sense is found here, before the first table is touched. #}
{% macro validate_policy() -%}
    {%- set entries = policy_entries() -%}
    {%- for item in entries -%}
        {%- set earlier = entries[:loop.index0] -%}
        {%- do validate_policy_settings(item) -%}
        {%- do validate_policy_type(item, earlier | map(attribute='type') | list) -%}
        {%- do validate_when_missing(item, entries, earlier) -%}
        {%- do validate_limits(item, earlier) -%}
        {%- do validate_format(item) -%}
    {%- endfor -%}
{%- endmacro %}

{# The settings of an entry by role. A group never links, so that no limit could change anything. #}
{% macro policy_settings(role) -%}
    {%- set settings = ['type', 'role', 'fields', 'normalise', 'format'] -%}
    {%- if role == 'fallback' -%}
        {%- do settings.append('when_missing') -%}
    {%- endif -%}
    {%- if role != 'group' -%}
        {%- do settings.extend([
            'max_records_per_value', 'max_distinct', 'max_customers_per_value', 'within_days', 'max_values_per_customer'
        ]) -%}
    {%- endif -%}
    {{ return(settings) }}
{%- endmacro %}

{% macro validate_policy_settings(item) -%}
    {%- set roles = ['strong', 'fallback', 'weak', 'group'] -%}
    {%- if item.role is not string or item.role not in roles -%}
        {%- do stop_build(
            "`identity_policy` gives '" ~ item.type ~ "' the role '" ~ item.role ~ "'; use strong, fallback, weak or group."
        ) -%}
    {%- endif -%}
    {%- set of_any_role = policy_settings('fallback') -%}
    {%- for key in item if key not in of_any_role -%}
        {%- do stop_at_entry(item, "has the unknown setting '" ~ key ~ "'; use one of " ~ (of_any_role | join(', ')) ~ ".") -%}
    {%- endfor -%}
    {%- for key in item if key not in policy_settings(item.role) -%}
        {%- do stop_at_entry(item,
            "has the setting '" ~ key ~ "', which does nothing for the role " ~ item.role ~ "; remove it or change the role."
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro validate_policy_type(item, earlier) -%}
    {%- if item.type in earlier -%}
        {%- do stop_build("`identity_policy` names the type '" ~ item.type ~ "' twice; remove one entry.") -%}
    {%- endif -%}
    {%- if 'fields' in item -%}
        {%- do validate_fields(item) -%}
    {%- elif item.type not in identifier_types() -%}
        {%- do stop_build(
            "`identity_policy` names the type '" ~ item.type ~ "', which no source carries; use one of "
            ~ (identifier_types() | sort | join(', ')) ~ ", or give it `fields`."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# The kernel uses the two names for rows of its own. #}
{% macro validate_fields(item) -%}
    {%- if item.type in identifier_types() + record_attributes() -%}
        {%- do stop_at_entry(item, "has fields, but sources carry a column of that name; give the composite another name.") -%}
    {%- elif not modules.re.match('^[a-z][a-z0-9_]*$', item.type) or item.type in ('decision', 'move') -%}
        {%- do stop_at_entry(item,
            "cannot be called that; name a composite in lower-case letters, digits and underscores, but not decision or move."
        ) -%}
    {%- endif -%}
    {%- do validate_field_sources(item) -%}
{%- endmacro %}

{# A composite is made of the columns of one source entry at a time. #}
{% macro validate_field_sources(item) -%}
    {%- set state = namespace(all=[], complete=false) -%}
    {%- for _, entry in entries_with('identifiers') -%}
        {%- set given = entry.identifiers + (entry.attributes or []) -%}
        {%- set state.all = state.all + given -%}
        {%- if composite_fields(item.fields) | reject('in', given) | list | length == 0 -%}
            {%- set state.complete = true -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for field in composite_fields(item.fields) if field not in state.all -%}
        {%- do stop_at_entry(item,
            "names the field '" ~ field ~ "', which no source gives; use one of " ~ (state.all | unique | sort | join(', ')) ~ "."
        ) -%}
    {%- endfor -%}
    {%- if not state.complete -%}
        {%- do stop_at_entry(item,
            "needs " ~ (composite_fields(item.fields) | join(', ')) ~ ", and no source gives them all; leave one out."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# Only types that stand earlier, so that no two types wait for each other. #}
{% macro validate_when_missing(item, entries, earlier) -%}
    {%- if item.role == 'fallback' -%}
        {%- if 'when_missing' not in item -%}
            {%- do stop_at_entry(item, "is a fallback and must say for which records, as in when_missing: [email].") -%}
        {%- endif -%}
        {%- set known = entries | map(attribute='type') | list -%}
        {%- for type in item.when_missing -%}
            {%- if type == item.type -%}
                {%- do stop_at_entry(item, "names itself in when_missing; name stronger types.") -%}
            {%- elif type not in known -%}
                {%- do stop_at_entry(item, "names '" ~ type ~ "' in when_missing, which is no type of the policy; correct it.") -%}
            {%- elif type not in earlier | map(attribute='type') -%}
                {%- do stop_at_entry(item, "names '" ~ type ~ "' in when_missing, which stands later; move that entry up.") -%}
            {%- endif -%}
            {%- for other in earlier if other.type == type and other.role not in ('strong', 'fallback') -%}
                {%- do stop_at_entry(item,
                    "names '" ~ type ~ "' in when_missing, which is " ~ other.role ~ "; name strong or fallback types."
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro validate_limits(item, earlier) -%}
    {%- for field in item.max_distinct or {} if field not in countable_fields() -%}
        {%- do stop_at_entry(item,
            "names the field '" ~ field ~ "' in max_distinct, of which no record has one value; use one of "
            ~ (countable_fields() | join(', ')) ~ "."
        ) -%}
    {%- endfor -%}
    {%- if 'max_customers_per_value' in item and earlier | selectattr('role', 'equalto', 'strong') | list | length == 0 -%}
        {%- do stop_at_entry(item,
            "has max_customers_per_value, but no stronger strong type makes customers to count; move the entry down or remove the limit."
        ) -%}
    {%- endif -%}
    {%- if 'within_days' in item and not (
        'max_records_per_value' in item or 'max_distinct' in item or 'max_customers_per_value' in item
    ) -%}
        {%- do stop_at_entry(item,
            "has within_days, but no limit for it; add max_records_per_value, max_distinct or max_customers_per_value."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# Attributes that records have, each once. #}
{% macro record_attributes() -%}
    {%- set names = [] -%}
    {%- for _, entry in entries_with('identifiers') -%}
        {%- for name in entry.attributes or [] if name not in names -%}
            {%- do names.append(name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# Fields of which a record has one value, so that records can be counted by it. #}
{% macro countable_fields() -%}
    {%- set many_valued = [] -%}
    {%- for _, entry in entries_with('many_valued') -%}
        {%- do many_valued.extend(entry.many_valued) -%}
    {%- endfor -%}
    {{ return((record_attributes() + identifier_types()) | unique | reject('in', many_valued) | sort) }}
{%- endmacro %}
