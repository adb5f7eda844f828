{# Tells the first rows of a table as text, for `customer360 new-source`, which reads them while dbt
   writes no log file. `parts`: [schema, table] or [database, schema, table]. #}
{% macro sample_rows(parts, row_limit) -%}
    {%- set database = parts[0] if parts | length == 3 else target.database -%}
    {%- set relation = adapter.get_relation(database=database, schema=parts[-2], identifier=parts[-1]) -%}
    {%- if relation is none -%}
        {%- do exceptions.raise_compiler_error("there is no such table") -%}
    {%- endif -%}
    {%- set read = [] -%}
    {%- set unread = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- if is_single_value(column.data_type) -%}
            {%- do read.append(column.name) -%}
        {%- else -%}
            {%- do unread.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set cells = [] -%}
    {%- for name in read -%}
        {%- do cells.append('cast(' ~ adapter.quote(name) ~ ' as ' ~ dbt.type_string() ~ ') as column_' ~ loop.index) -%}
    {%- endfor -%}
    {%- set found = run_query(
        'select ' ~ cells | join(', ') ~ ' from ' ~ relation ~ ' limit ' ~ row_limit | int
    ) if read else none -%}
    {%- set rows = [] -%}
    {%- for row in (found.rows if found else []) -%}
        {%- do rows.append(row.values() | list) -%}
    {%- endfor -%}
    {%- do tell({'columns': read, 'unread': unread, 'rows': rows}) -%}
{%- endmacro %}

{# Lists, records and bytes have no text that every engine gives. #}
{% macro is_single_value(type) -%}
    {%- set name = type | lower -%}
    {{ return(not modules.re.search(
        '^(array|list|struct|record|repeated|object|variant|map|json|union|bytes|binary|varbinary|blob|geo|range)|[]]$|[(]$', name
    )) }}
{%- endmacro %}
