{# How a profile chooses where statements disagree: the setting `survivorship`, judged where it is read,
   because models loop over it. #}

{% macro survivorship_strategies() -%}
    {{ return(['most_recent', 'merge', 'highest_value', 'source_priority', 'most_frequent', 'most_complete']) }}
{%- endmacro %}

{# Fields that only mean something together, so that they come from one statement. `parts`: conditions, the
   first of which holds of the most telling statements. #}
{% macro joint_fields() -%}
    {{ return({
        'name': {
            'fields': ['first_name', 'last_name', 'full_name'],
            'parts': ['first_name is not null and last_name is not null', 'full_name is not null'],
        },
        'address': {
            'fields': ['country', 'region', 'city', 'postal_code', 'address_line'],
            'parts': [
                'country is not null and coalesce(city, postal_code, address_line) is not null',
                'coalesce(city, postal_code, address_line) is not null',
            ],
        },
    }) }}
{%- endmacro %}

{# What is chosen each by itself: {name: {fields, parts}}. #}
{% macro choices() -%}
    {%- set kinds, joint = {}, [] -%}
    {%- do kinds.update(joint_fields()) -%}
    {%- for kind in kinds.values() -%}
        {%- do joint.extend(kind.fields) -%}
    {%- endfor -%}
    {%- for name in ['email', 'phone'] + profile_attributes().keys() | list if name not in joint -%}
        {%- do kinds.update({name: {'fields': [name], 'parts': []}}) -%}
    {%- endfor -%}
    {{ return(kinds) }}
{%- endmacro %}

{# The same with how: [{name, fields, parts, strategy, sources}, ...]. #}
{% macro field_groups() -%}
    {%- set settings, groups = survivorship_settings(), [] -%}
    {%- for name, kind in choices().items() -%}
        {%- set chosen = settings.fields.get(name, settings.default) -%}
        {%- do groups.append({
            'name': name, 'fields': kind.fields, 'parts': kind.parts,
            'strategy': chosen.strategy, 'sources': chosen.sources or [],
        }) -%}
    {%- endfor -%}
    {{ return(groups) }}
{%- endmacro %}

{# What profiles show of each group: {shown field: name of its group}. #}
{% macro fields_with_provenance() -%}
    {%- set shown = {} -%}
    {%- for name, kind in choices().items() -%}
        {%- for field in kind.fields -%}
            {%- do shown.update({('primary_' ~ field if field in ('email', 'phone') else field): name}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(shown) }}
{%- endmacro %}

{# --- SQL over int_profile__statements ------------------------------------------------------------- #}

{# Holds of statements that say anything of the group. #}
{% macro says_something(group) -%}
    {{ group.fields | join(' is not null or ') }} is not null
{%- endmacro %}

{# 1 for the most telling statements. #}
{% macro wholeness(group) -%}
    {%- if group.parts -%}
    case
        {%- for condition in group.parts %}
        when {{ condition }} then {{ loop.index }}
        {%- endfor %}
        else {{ group.parts | length + 1 }}
    end
    {%- else -%}
    1
    {%- endif -%}
{%- endmacro %}

{# What a strategy compares; least or greatest wins, as strategy_direction says. #}
{% macro strategy_criterion(group) -%}
    {%- if group.strategy == 'most_recent' -%}
    stated_at
    {%- elif group.strategy == 'merge' -%}
    trust
    {%- elif group.strategy == 'highest_value' -%}
    record_revenue
    {%- elif group.strategy == 'most_frequent' -%}
    count(*) over (partition by customer360_id, {{ group.fields | join(', ') }})
    {%- elif group.strategy == 'most_complete' -%}
    filled_count
    {%- else -%}
    case source_system
        {%- for source in group.sources %}
        when '{{ source }}' then {{ loop.index }}
        {%- endfor %}
        else {{ group.sources | length + 1 }}
    end
    {%- endif -%}
{%- endmacro %}

{% macro strategy_direction(group) -%}
    {{ return('asc' if group.strategy in ('merge', 'source_priority') else 'desc') }}
{%- endmacro %}

{# The statement as one text, to tell whether two say the same. #}
{% macro stated_text(group) -%}
    {%- set types, parts = profile_attributes(), [] -%}
    {%- for field in group.fields -%}
        {%- set text = field if types.get(field, dbt.type_string()) == dbt.type_string() else value_text(field, types[field]) -%}
        {%- do parts.append("coalesce(" ~ text ~ ", '')") -%}
    {%- endfor -%}
    {{ parts | join(" || " ~ text_literal('\u001f') ~ " || ") }}
{%- endmacro %}

{# --- the setting ---------------------------------------------------------------------------------- #}

{# {default: {strategy, sources}, fields: {group: {strategy, sources}}}; stops dbt at the first fault. #}
{% macro survivorship_settings() -%}
    {%- set given = var('survivorship') -%}
    {%- if given is string -%}
        {%- set given = {'default': given} -%}
    {%- elif given is not mapping -%}
        {%- do stop_build("`survivorship` must be a strategy, or {default: most_recent, fields: {email: merge}}.") -%}
    {%- endif -%}
    {%- for key in given if key not in ('default', 'fields') -%}
        {%- do stop_build("`survivorship` has the unknown setting '" ~ key ~ "'; use default and fields.") -%}
    {%- endfor -%}
    {%- set by_field = {} if given.fields is none else given.get('fields', {}) -%}
    {%- if by_field is not mapping -%}
        {%- do stop_build("`survivorship > fields` must map fields to strategies, as in {email: merge}.") -%}
    {%- endif -%}
    {%- set fields = {} -%}
    {%- for name, choice in by_field.items() -%}
        {%- do check_chosen_field(name) -%}
        {%- do fields.update({name: checked_choice('survivorship > fields > ' ~ name, choice)}) -%}
    {%- endfor -%}
    {{ return({
        'default': checked_choice('survivorship > default', given.get('default', 'most_recent')), 'fields': fields
    }) }}
{%- endmacro %}

{% macro check_chosen_field(name) -%}
    {%- set known = choices().keys() | list -%}
    {%- for group, kind in joint_fields().items() if name in kind.fields -%}
        {%- do stop_build(
            "`survivorship > fields` names '" ~ name ~ "', which comes from one statement with the whole " ~ group ~ "; write "
            ~ group ~ "."
        ) -%}
    {%- endfor -%}
    {%- if name not in known -%}
        {%- do stop_build(
            "`survivorship > fields` names '" ~ name ~ "', which no strategy chooses; use one of " ~ (known | join(', ')) ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# A strategy's name, or {strategy, sources}, as {strategy, sources}. #}
{% macro checked_choice(where, choice) -%}
    {%- set found = choice if choice is mapping else {'strategy': choice} -%}
    {%- for key in found if key not in ('strategy', 'sources') -%}
        {%- do stop_build("`" ~ where ~ "` has the unknown setting '" ~ key ~ "'; use strategy and sources.") -%}
    {%- endfor -%}
    {%- if found.strategy not in survivorship_strategies() -%}
        {%- do stop_build(
            "`" ~ where ~ "` is '" ~ found.strategy ~ "'; use one of " ~ (survivorship_strategies() | join(', ')) ~ "."
        ) -%}
    {%- endif -%}
    {%- if found.strategy == 'source_priority' -%}
        {%- do check_priorities(where, found.sources) -%}
    {%- elif 'sources' in found -%}
        {%- do stop_build(
            "`" ~ where ~ "` has sources, which " ~ found.strategy ~ " does not read; remove them or use source_priority."
        ) -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{% macro check_priorities(where, sources) -%}
    {%- if sources is string or sources is mapping or sources is not iterable or not sources -%}
        {%- do stop_build(
            "`" ~ where ~ "` is source_priority and must list its sources, as in {strategy: source_priority, sources: [crm, shop]}."
        ) -%}
    {%- endif -%}
    {%- set earlier = [] -%}
    {%- for source in sources -%}
        {%- if source not in trusted_systems() -%}
            {%- do stop_build(
                "`" ~ where ~ "` names the source '" ~ source ~ "', which no instance is called; use "
                ~ (trusted_systems() | join(', ') or "another strategy while there is no instance") ~ "."
            ) -%}
        {%- elif source in earlier -%}
            {%- do stop_build("`" ~ where ~ "` names the source '" ~ source ~ "' twice; remove one.") -%}
        {%- endif -%}
        {%- do earlier.append(source) -%}
    {%- endfor -%}
{%- endmacro %}

{# Of an aggregate over two rows: whether they differ, null being a value of its own. #}
{% macro differs(column) -%}
    (count({{ column }}) = 1 or min({{ column }}) < max({{ column }}))
{%- endmacro %}
