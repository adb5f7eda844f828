{# Runs before the first table is touched: a wrong setting stops the build with one sentence. #}
{% macro validate_configuration() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'seed', 'test', 'snapshot') -%}
        {%- do validate_values() -%}
        {%- do validate_sources() -%}
        {%- do validate_entries() -%}
        {%- do validate_policy() -%}
        {%- do health_limits() -%}
        {%- do survivorship_settings() -%}
        {%- do profile_history_fields() -%}
        {%- do quality_limits() -%}
        {%- do validate_relations() -%}
    {%- endif -%}
{%- endmacro %}

{% macro validate_values() -%}
    {%- for name in ('as_of', 'sample_as_of') if var(name) is not none -%}
        {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?$', var(name) | string) -%}
            {%- do stop_build(
                "`" ~ name ~ "` is '" ~ var(name) ~ "'; write a UTC time as 'YYYY-MM-DD HH:MM:SS'."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in (
        'attribution_lookback_days', 'session_timeout_minutes', 'active_customer_days', 'max_row_characters',
        'payment_match_hours', 'lifecycle_gap_days'
    ) -%}
        {%- if var(name) is not integer or var(name) is boolean or var(name) < 0 -%}
            {%- do stop_build("`" ~ name ~ "` is '" ~ var(name) ~ "'; use a whole number, 0 or more.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if var('identity_driver') not in ('auto', 'python', 'macro') -%}
        {%- do stop_build("`identity_driver` is '" ~ var('identity_driver') ~ "'; use auto, python or macro.") -%}
    {%- endif -%}
    {%- for name in (
        'include_sample_data', 'include_anonymous_profiles', 'sessions_end_at_midnight', 'sessions_end_at_new_campaign'
    ) if var(name) is not boolean -%}
        {%- do stop_build("`" ~ name ~ "` is '" ~ var(name) ~ "'; use true or false.") -%}
    {%- endfor -%}
    {%- if not modules.re.match('^([A-Za-z0-9_]+)?$', (var('marts_schema_ending') or '') | string) -%}
        {%- do stop_build(
            "`marts_schema_ending` is '" ~ var('marts_schema_ending') ~ "'; use letters and digits, or null."
        ) -%}
    {%- endif -%}
    {%- if not modules.re.match('^[A-Z]{3}$', var('reporting_currency') | string) -%}
        {%- do stop_build(
            "`reporting_currency` is '" ~ var('reporting_currency') ~ "'; use an ISO 4217 code such as EUR."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{% macro validate_sources() -%}
    {%- if var('include_sample_data') and var('sources') -%}
        {%- do stop_build(
            "`include_sample_data` is true while `sources` lists " ~ (var('sources').keys() | join(', '))
            ~ "; sample and own data never mix, so set include_sample_data: false or remove `sources`."
        ) -%}
    {%- endif -%}
    {%- for setting_name in ('sources', 'sample_sources') -%}
        {%- for contract, contract_instances in setting(setting_name).items() -%}
            {%- if contract not in contracts() -%}
                {%- do stop_build(
                    "`" ~ setting_name ~ "` names the contract '" ~ contract ~ "', which does not exist; use one of "
                    ~ (contracts().keys() | sort | join(', ')) ~ "."
                ) -%}
            {%- endif -%}
            {%- for instance in contract_instances -%}
                {%- do validate_instance(setting_name ~ ' > ' ~ contract, contracts()[contract], instance) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{% macro validate_instance(where, contract, instance) -%}
    {%- set known = ('name', 'seed', 'file', 'relation', 'columns', 'namespaces', 'delimiter', 'allow_empty', 'load', 'changed_files', 'layout') -%}
    {%- if instance is not mapping or 'name' not in instance -%}
        {%- do stop_build("`" ~ where ~ "` has an instance without a name; give it one.") -%}
    {%- endif -%}
    {%- for key in instance if key not in known -%}
        {%- do stop_build(
            "`" ~ where ~ " > " ~ instance.name ~ "` has the unknown setting '" ~ key ~ "'; use one of " ~ (known | join(', ')) ~ "."
        ) -%}
    {%- endfor -%}
    {%- for column in instance.columns or {} if column not in contract.columns + ['source_file', 'file_loaded_at'] -%}
        {%- do stop_build(
            "`" ~ where ~ " > " ~ instance.name ~ " > columns` names '" ~ column ~ "', which the contract does not have; use one of "
            ~ (contract.columns | join(', ')) ~ "."
        ) -%}
    {%- endfor -%}
    {%- for column in instance.namespaces or {} if column not in contract.namespaced -%}
        {%- do stop_build(
            "`" ~ where ~ " > " ~ instance.name ~ " > namespaces` names '" ~ column ~ "', which is no id of the contract; use one of "
            ~ (contract.namespaced | join(', ')) ~ "."
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro validate_entries() -%}
    {%- set known = ('source_key', 'first_seen_at', 'last_seen_at', 'shown_id', 'identifiers', 'many_valued', 'attributes', 'events', 'metrics', 'opt_in', 'parent', 'references') -%}
    {%- for model, entry in setting('source_entries').items() -%}
        {%- for key in entry if key not in known -%}
            {%- do stop_build(
                "`source_entries` entry " ~ model ~ " has the unknown setting '" ~ key ~ "'; use one of " ~ (known | join(', ')) ~ "."
            ) -%}
        {%- endfor -%}
        {%- for key in ('source_key', 'first_seen_at', 'last_seen_at', 'shown_id')
            if key not in entry and (entry.identifiers or key == 'source_key') -%}
            {%- do stop_build("`source_entries` entry " ~ model ~ " lacks " ~ key ~ ": name the column that holds it.") -%}
        {%- endfor -%}
        {%- for attribute in entry.attributes or [] if attribute not in profile_attributes() -%}
            {%- do stop_build(
                "`source_entries` entry " ~ model ~ " names the attribute '" ~ attribute ~ "', which profiles do not have; use one of "
                ~ (profile_attributes().keys() | join(', ')) ~ "."
            ) -%}
        {%- endfor -%}
        {%- for column in (entry.events or {}).keys() if column not in event_columns() -%}
            {%- do stop_build(
                "`source_entries` entry " ~ model ~ " fills the event column '" ~ column ~ "', which does not exist; use one of "
                ~ (event_columns().keys() | join(', ')) ~ "."
            ) -%}
        {%- endfor -%}
        {%- do validate_metrics(model, entry) -%}
        {%- do validate_entry_columns(model, entry) -%}
    {%- endfor -%}
{%- endmacro %}

{# Metrics are summed per customer, so that a row must say whose it is. #}
{% macro validate_metrics(model, entry) -%}
    {%- if entry.metrics and not entry.identifiers -%}
        {%- do stop_build(
            "`source_entries` entry " ~ model ~ " has metrics but no identifiers, so that no customer could show them; add identifiers or remove metrics."
        ) -%}
    {%- endif -%}
    {%- for column in entry.metrics or [] -%}
        {%- if entry.metrics | select('equalto', column) | list | length > 1 -%}
            {%- do stop_build("`source_entries` entry " ~ model ~ " names the metric '" ~ column ~ "' twice; remove one.") -%}
        {%- elif column in (entry.identifiers or []) + (entry.many_valued or []) + (entry.attributes or []) -%}
            {%- do stop_build(
                "`source_entries` entry " ~ model ~ " names '" ~ column ~ "' as a metric, but it is an identifier or attribute too; remove one."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# A column that an entry names must be described in the yml of its model, where there is one; so must the
   key in the model that a column refers to. #}
{% macro validate_entry_columns(model, entry) -%}
    {%- set own = [entry.source_key] + (entry.identifiers or []) + (entry.many_valued or []) + (entry.attributes or [])
        + (entry.metrics or []) + ([entry.opt_in] if entry.opt_in else []) -%}
    {%- set references = references_of(entry) -%}
    {%- do validate_columns(model, model, own + references | map(attribute='column') | list) -%}
    {%- for reference in references -%}
        {%- do validate_columns(model, reference.model, [reference.key]) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro validate_columns(entry_name, model, columns) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == model and node.columns -%}
        {%- for column in columns if column not in node.columns -%}
            {%- do stop_build(
                "`source_entries` entry " ~ entry_name ~ " names the column '" ~ column ~ "', which the yml of "
                ~ (model if model != entry_name else "that model") ~ " does not have; correct the name."
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{# An instance that is a table must be there, with the columns its mapping names. Files are checked
   by the command, which can say on which line they are wrong. #}
{% macro validate_relations() -%}
    {%- if not var('include_sample_data') -%}
        {%- for contract, contract_instances in setting('sources').items() -%}
            {%- for instance in contract_instances if instance.relation -%}
                {%- do validate_relation(contract, instance) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro validate_relation(contract, instance) -%}
    {%- set where = "`sources > " ~ contract ~ " > " ~ instance.name -%}
    {%- set table = contract.split('.')[1] ~ '__' ~ instance.name -%}
    {%- for node in graph.sources.values() if node.source_name == contract.split('.')[0] and node.name == table -%}
        {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.identifier) -%}
        {%- if relation is none -%}
            {%- do stop_build(where ~ " > relation`: the table '" ~ instance.relation ~ "' does not exist; correct the name.") -%}
        {%- endif -%}
        {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
        {%- set mapping = instance.columns -%}
        {%- if instance.layout == 'nested' -%}
            {%- set mapping = {} -%}
        {%- elif mapping is not defined or mapping is none -%}
            {%- set mapping = columns_by_name(contracts()[contract], found) -%}
            {%- for column in contracts()[contract].required if mapping[column] is none -%}
                {%- do stop_build(
                    where ~ " > relation`: the table '" ~ instance.relation ~ "' has no column '" ~ column
                    ~ "' by that name or an alias; say under `columns` which one it is, the table has " ~ (found | join(', ')) ~ "."
                ) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- for column in contracts()[contract].get('nested_columns', []) if instance.layout == 'nested' and column not in found -%}
            {%- do stop_build(
                where ~ " > layout`: the table '" ~ instance.relation ~ "' has no column '" ~ column
                ~ "', which the nested layout needs; it has " ~ (found | join(', ')) ~ "."
            ) -%}
        {%- endfor -%}
        {%- for column in contracts()[contract].columns -%}
            {%- set raw_column = mapping.get(column) -%}
            {%- if raw_column is string and raw_column | lower not in found -%}
                {%- do stop_build(
                    where ~ " > columns > " ~ column ~ "`: the table '" ~ instance.relation ~ "' has no column '" ~ raw_column
                    ~ "'; it has " ~ (found | join(', ')) ~ "."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
