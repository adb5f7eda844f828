{# The checks of the data quality that may have a limit: those of which more is worse. #}
{% macro limited_checks() -%}
    {{ return([
        'duplicates_removed', 'rows_quarantined', 'rows_without_identifier', 'orphan_references', 'records_unmatched',
        'orders_without_exchange_rate', 'refunds_without_exchange_rate', 'charges_without_order', 'refunds_without_order',
    ]) }}
{%- endmacro %}

{# Where a limit may hold: everywhere, in the tables of an instance, or in one of them. #}
{% macro quality_limit_places() -%}
    {%- set places = ['default'] -%}
    {%- for setting_name in ('sources', 'sample_sources') -%}
        {%- for contract, contract_instances in setting(setting_name).items() -%}
            {%- for instance in contract_instances if instance is mapping and instance.name -%}
                {%- for place in (instance.name, instance.name ~ '.' ~ contract.split('.')[1]) if place not in places -%}
                    {%- do places.append(place) -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(places) }}
{%- endmacro %}

{# Place -> check -> {warn, stop}: shares above which a build warns or stops. Judged where it is read,
   because a model loops over it. #}
{% macro quality_limits() -%}
    {%- set limits = var('data_quality_limits') or {} -%}
    {%- if limits is not mapping -%}
        {%- do stop_build(
            "`data_quality_limits` must map default and sources to checks, as in {default: {rows_quarantined: {warn: 0.05, stop: 0.5}}}."
        ) -%}
    {%- endif -%}
    {%- set places = quality_limit_places() -%}
    {%- for place, checks in limits.items() -%}
        {%- if place not in places -%}
            {%- do stop_build(
                "`data_quality_limits` names the source '" ~ place ~ "', which does not exist; use one of "
                ~ (places | join(', ')) ~ "."
            ) -%}
        {%- elif checks is not mapping -%}
            {%- do stop_build(
                "`data_quality_limits > " ~ place ~ "` must map checks to limits, as in {rows_quarantined: {warn: 0.05}}."
            ) -%}
        {%- endif -%}
        {%- for check, levels in checks.items() -%}
            {%- do check_quality_levels("`data_quality_limits > " ~ place ~ "`", check, levels) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for place, checks in limits.items() -%}
        {%- for check in checks -%}
            {%- set warn = quality_limit_at(limits, place, check, 'warn') -%}
            {%- set stop = quality_limit_at(limits, place, check, 'stop') -%}
            {%- if warn is not none and stop is not none and warn > stop -%}
                {%- do stop_build(
                    "`data_quality_limits > " ~ place ~ "` warns of " ~ check ~ " above " ~ warn ~ " but stops above " ~ stop
                    ~ "; let warn be the smaller one."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(limits) }}
{%- endmacro %}

{% macro check_quality_levels(where, check, levels) -%}
    {%- if check not in limited_checks() -%}
        {%- do stop_build(
            where ~ " names the check '" ~ check ~ "', which has no limit; use one of " ~ (limited_checks() | join(', ')) ~ "."
        ) -%}
    {%- elif levels is not mapping -%}
        {%- do stop_build(where ~ " must give " ~ check ~ " a warn, a stop or both, as in {warn: 0.05, stop: 0.5}.") -%}
    {%- endif -%}
    {%- for level, limit in levels.items() -%}
        {%- if level not in ('warn', 'stop') -%}
            {%- do stop_build(where ~ " gives " ~ check ~ " the unknown limit '" ~ level ~ "'; use warn or stop.") -%}
        {%- elif limit is not none and (
            limit is not number or limit is boolean or limit < 0 or limit > 1 or limit | round(4) != limit
        ) -%}
            {%- do stop_build(
                where ~ " gives " ~ check ~ " > " ~ level ~ " the limit '" ~ limit
                ~ "'; use a share from 0 to 1 with at most four decimals, or null."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# The limit that holds at a place: its own, else that of its instance, else the default one. #}
{% macro quality_limit_at(limits, place, check, level) -%}
    {%- for where in (place, place.split('.')[0], 'default') -%}
        {%- set levels = limits.get(where, {}).get(check, {}) -%}
        {%- if level in levels -%}
            {{ return(levels[level]) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{# The limit of a row of the data quality as SQL, the nearest place first; null where it has none. #}
{% macro quality_limit(level) -%}
    {%- set limits = quality_limits() -%}
    {%- set branches = [] -%}
    {%- for depth in (2, 1, 0) -%}
        {%- for place, checks in limits.items() -%}
            {%- set names = [] if place == 'default' else place.split('.') -%}
            {%- for check, levels in checks.items() if names | length == depth and level in levels -%}
                {%- set conditions = ["check_name = '" ~ check ~ "'"] -%}
                {%- for column, name in zip(('source_system', 'source_entity'), names) -%}
                    {%- do conditions.append(column ~ " = '" ~ name ~ "'") -%}
                {%- endfor -%}
                {%- set limit = 'null' if levels[level] is none else "'%.4f'" | format(levels[level]) -%}
                {%- do branches.append(
                    'when ' ~ conditions | join(' and ') ~ ' then cast(' ~ limit ~ ' as decimal(5, 4))'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if branches -%}
    case
            {%- for branch in branches %}
            {{ branch }}
            {%- endfor %}
        end
    {%- else -%}
    cast(null as decimal(5, 4))
    {%- endif -%}
{%- endmacro %}
