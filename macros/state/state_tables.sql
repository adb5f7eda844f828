{# What is remembered from one build to the next: table -> its columns with their SQL types, the columns
   that key it, and the model that holds what this generation adds.

   A table with `keys` holds versions: the rows of a key follow each other, valid from one generation to
   the next. The model gives, per key that changed, the row valid from now on, or is_removed. A table
   without keys only grows. Rows of a table with `makes_generation: false` are no reason to make a
   generation: what they say follows from the marts. #}
{% macro state_tables() -%}
    {%- set text, number, moment = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() -%}
    {%- set amount = 'decimal(18, 2)' -%}
    {{ return({
        'ids': {
            'keys': ['customer360_id'],
            'model': 'int_state__ids',
            'columns': {
                'customer360_id': text,
                'anchor_record_key': text,
                'minted_record_key': text,
                'minted_record_at': moment,
                'minted_generation_no': number,
                'was_identified_at_minting': dbt.type_boolean(),
            },
        },
        'ledger': {
            'keys': ['record_key'],
            'model': 'int_state__ledger',
            'columns': {'record_key': text, 'customer360_id': text, 'record_role': text},
        },
        'id_changes': {
            'keys': [],
            'model': 'int_state__id_changes',
            'columns': {
                'customer360_id': text,
                'change': text,
                'other_customer360_id': text,
                'record_count': number,
                'cause': text,
                'cause_detail': text,
            },
        },
        'decisions': {
            'keys': ['decision_key'],
            'model': 'int_state__decisions',
            'makes_generation': false,
            'columns': {
                'decision_key': text,
                'record_key_one': text,
                'record_key_other': text,
                'decision': text,
            },
        },
        'figures': {
            'keys': ['record_key'],
            'model': 'int_state__figures',
            'makes_generation': false,
            'columns': {'record_key': text, 'revenue': amount, 'orders_count': number},
        },
        'restatements': {
            'keys': [],
            'model': 'int_state__restatements',
            'makes_generation': false,
            'columns': {
                'figure': text,
                'customer360_id': text,
                'source_system': text,
                'value_before': amount,
                'identity_effect': amount,
                'data_effect': amount,
                'value_after': amount,
                'id_change_keys': text,
            },
        },
        'health': {
            'keys': ['figure'],
            'model': 'int_state__health',
            'makes_generation': false,
            'columns': {'figure': text, 'figure_value': 'decimal(18, 6)', 'warn_above': 'decimal(18, 6)'},
        },
        'profile_versions': {
            'keys': ['profile_field'],
            'model': 'int_state__profile_versions',
            'makes_generation': false,
            'columns': {'profile_field': text, 'field_value': text},
        },
        'raw_files': {
            'keys': ['file_key'],
            'model': 'int_state__raw_files',
            'columns': {
                'file_key': text,
                'source_contract': text,
                'source_system': text,
                'source_file': text,
                'load_mode': text,
                'content_hash': text,
                'byte_count': number,
                'row_count': number,
                'content_version': number,
                'first_loaded_at': moment,
                'loaded_at': moment,
            },
        },
    }) }}
{%- endmacro %}

{# The columns of the generations themselves; their row is written last and makes all others valid. #}
{% macro generation_columns() -%}
    {{ return({
        'generation_no': dbt.type_bigint(),
        'generated_at': dbt.type_timestamp(),
        'is_sample_data': dbt.type_boolean(),
        'policy_hash': dbt.type_string(),
        'decisions_hash': dbt.type_string(),
        'code_version': dbt.type_string(),
        'invocation_id': dbt.type_string(),
        'content_hash': dbt.type_string(),
    }) }}
{%- endmacro %}

{# Every column of a state table in its order, the generations' included: name -> SQL type. #}
{% macro state_columns(name) -%}
    {%- if name == 'generations' -%}
        {{ return(generation_columns()) }}
    {%- endif -%}
    {%- set table = state_tables()[name] -%}
    {%- set columns = {} -%}
    {%- do columns.update(table['columns']) -%}
    {%- if table['keys'] -%}
        {%- do columns.update({'valid_from_generation': dbt.type_bigint(), 'valid_to_generation': dbt.type_bigint()}) -%}
    {%- else -%}
        {%- do columns.update({'generation_no': dbt.type_bigint()}) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro state_schema() -%}
    {{ return(target.schema ~ '_state') }}
{%- endmacro %}

{% macro state_relation(name) -%}
    {{ return(warehouse_relation(state_schema(), name)) }}
{%- endmacro %}

{# A query: what was valid in the generation before this one, whether this one is written down by now
   or not. #}
{% macro state_before(name) -%}
    {%- set table = state_tables()[name] -%}
    select
        {% for column in table['columns'] -%}
        before.{{ column }}{{ "," if not loop.last }}
        {% endfor -%}
    from {{ source('identity_state', name) }} as before
    inner join {{ ref('int_state__generation') }} as this_generation
        on
            before.valid_from_generation < this_generation.generation_no
            and (
                before.valid_to_generation is null
                or before.valid_to_generation >= this_generation.generation_no
            )
{%- endmacro %}

{# A query: a state table as it will be, with what this generation adds put in. What was valid until now
   stays so unless this generation changes it; a table without keys only grows. #}
{% macro state_after(name) -%}
    {%- set table = state_tables()[name] -%}
    select
        {% for column in table['columns'] -%}
        before.{{ column }},
        {% endfor -%}
        {% if table['keys'] -%}
        before.valid_from_generation,
        case
            when before.valid_to_generation < this_generation.generation_no
                then before.valid_to_generation
            when changes.{{ table['keys'][0] }} is not null then this_generation.generation_no
        end as valid_to_generation
        {%- else -%}
        before.generation_no
        {%- endif %}
    from {{ source('identity_state', name) }} as before
    inner join {{ ref('int_state__generation') }} as this_generation
        on before.{{ 'valid_from_generation' if table['keys'] else 'generation_no' }} < this_generation.generation_no
    {% if table['keys'] -%}
    left join {{ ref(table['model']) }} as changes
        on before.{{ table['keys'][0] }} = changes.{{ table['keys'][0] }}
    {% endif -%}
    union all
    select
        {% for column in table['columns'] -%}
        changes.{{ column }},
        {% endfor -%}
        {% if table['keys'] -%}
        this_generation.generation_no as valid_from_generation,
        cast(null as {{ dbt.type_bigint() }}) as valid_to_generation
        {%- else -%}
        this_generation.generation_no
        {%- endif %}
    from {{ ref(table['model']) }} as changes
    cross join {{ ref('int_state__generation') }} as this_generation
    {%- if table['keys'] %}
    where not changes.is_removed
    {%- endif %}
{%- endmacro %}
