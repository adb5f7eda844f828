{% set sizes = [
    ('customers_with_1_record', 1, 1),
    ('customers_with_2_records', 2, 2),
    ('customers_with_3_to_5_records', 3, 5),
    ('customers_with_6_to_10_records', 6, 10),
    ('customers_with_11_to_50_records', 11, 50),
] %}
{% set mixtures = {
    'customers_over_3_first_names': 'first_name_count > 3',
    'customers_over_3_last_names': 'last_name_count > 3',
    'customers_over_5_postal_codes': 'postal_code_count > 5',
} %}
{% set counts = sizes | map('first') | list + ['customers_over_50_records'] + mixtures | list %}
{% set changes = ['merged', 'attached', 'retired', 'split', 'restored'] %}

with

customers as (

    select * from {{ ref('int_identity__customers') }}

),

counted as (

    select * from {{ ref('int_identity__customers_counted') }}

),

bridges as (

    select * from {{ ref('int_identity__bridges') }}

),

links as (

    select * from {{ ref('int_identity__links') }}

),

resolved as (

    select * from {{ ref('int_identity__resolved') }}
    where reason is not null

),

accepted as (

    select * from {{ ref('int_identity__links_accepted') }}
    where identifier_role <> 'decision'

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

id_changes as (

    select * from {{ ref('int_state__id_changes_known') }}

),

versions as (

    select * from {{ ref('int_state__ledger_versions') }}

),

{% for model, entry in entries_with('attributes') %}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor %}
ranked as (

    select
        record_count,
        row_number() over (order by record_count, customer360_id) as size_rank,
        count(*) over () as customer_count
    from counted

),

percentiles as (

    select
        min(case when 100 * size_rank >= 50 * customer_count then record_count end) as median_count,
        min(case when 100 * size_rank >= 99 * customer_count then record_count end) as p99_count
    from ranked

),

sized as (

    select
        {% for figure, least, most in sizes %}
        {{ count_where('record_count between ' ~ least ~ ' and ' ~ most) }} as {{ figure }},
        {% endfor %}
        {{ count_where('record_count > 50') }} as customers_over_50_records,
        {% for figure, condition in mixtures.items() %}
        {{ count_where(condition) }} as {{ figure }},
        {% endfor %}
        max(record_count) as most_count,
        sum(record_count) as record_count,
        count(*) as customer_count
    from counted

),

bridged as (

    select
        {{ count_where('suspect_identifier_type is not null') }} as suspect_count,
        count(identity_confidence) as judged_count
    from bridges

),

names as (

    {% for model, entry in entries_with('attributes') %}
    select distinct
        record_key,
        lower({{ listed_column('first_name', entry.attributes) }}) as first_name,
        lower({{ listed_column('last_name', entry.attributes) }}) as last_name
    from {{ model }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

people as (

    select
        names.first_name,
        names.last_name,
        customers.email,
        count(distinct customers.customer360_id) as customer_count
    from names
    inner join customers
        on names.record_key = customers.record_key
    where
        names.first_name is not null
        and names.last_name is not null
        and customers.email is not null
    group by names.first_name, names.last_name, customers.email

),

duplicated as (

    select {{ count_where('customer_count > 1') }} as people_count from people

),

-- The last generation in which a record came, went or changed sides. This run's own where one does
-- now; else the one before, so that a replay measures what was measured then.
last_changed as (

    select max({{ latest('valid_from_generation', 'valid_to_generation') }}) as generation_no
    from versions

),

last_changes as (

    select
        id_changes.customer360_id,
        id_changes.change
    from id_changes
    inner join last_changed
        on id_changes.generation_no = last_changed.generation_no

),

changed as (

    select
        {% for change in changes %}
        count(distinct case when change = '{{ change }}' then customer360_id end)
            as {{ change }}_count,
        {% endfor %}
        count(distinct case when change <> 'moved' then customer360_id end) as changed_count
    from last_changes

),

covered as (

    select
        {{ count_where('is_identified') }} as identified_count,
        {{ count_where('not is_identified') }} as anonymous_count,
        count(*) as record_count
    from customers

),

-- As in customer360_identity_rejections.
judged as (

    select
        case
            when accepted.record_no is null then coalesce(links.dropped_reason, resolved.reason)
        end as reason
    from links
    left join accepted
        on
            links.record_no = accepted.record_no
            and links.identifier_type = accepted.identifier_type
            and links.identifier_value = accepted.identifier_value
    left join resolved
        on
            links.record_no = resolved.record_no
            and links.identifier_type = resolved.identifier_type
            and links.identifier_value = resolved.identifier_value

),

rejected as (

    select
        {% for reason in link_rejection_reasons() %}
        {{ count_where("reason = '" ~ reason ~ "'") }} as {{ reason }}_count,
        {% endfor %}
        count(reason) as rejected_count,
        count(*) as link_count
    from judged

),

sleeping as (

    select count(*) as decision_count
    from decisions
    left join resolved
        on
            decisions.decision_key = resolved.identifier_value
            and resolved.identifier_type = 'decision'
    where
        decisions.asleep_reason is not null
        or resolved.reason is not null

),

parts as (

    {% for figure in counts %}
    select
        '{{ figure }}' as figure,
        {{ figure }} as part,
        cast(null as {{ dbt.type_bigint() }}) as whole
    from sized
    union all
    {% endfor %}
    select
        'most_records_per_customer' as figure,
        most_count as part,
        null as whole
    from sized
    union all
    select
        'largest_customer_share' as figure,
        most_count as part,
        record_count as whole
    from sized
    union all
    select
        'median_records_per_customer' as figure,
        median_count as part,
        null as whole
    from percentiles
    union all
    select
        'p99_records_per_customer' as figure,
        p99_count as part,
        null as whole
    from percentiles
    union all
    -- Unknown where the engine has no Python models to find bridges.
    select
        'customers_with_suspect_bridge' as figure,
        case when judged_count > 0 then suspect_count end as part,
        null as whole
    from bridged
    union all
    select
        'people_in_several_customers' as figure,
        people_count as part,
        null as whole
    from duplicated
    union all
    {% for change in changes %}
    select
        'ids_{{ change }}' as figure,
        {{ change }}_count as part,
        null as whole
    from changed
    union all
    {% endfor %}
    select
        'ids_changed_share' as figure,
        changed.changed_count as part,
        sized.customer_count as whole
    from changed
    cross join sized
    union all
    select
        'identified_records_share' as figure,
        identified_count as part,
        record_count as whole
    from covered
    union all
    select
        'anonymous_records_share' as figure,
        anonymous_count as part,
        record_count as whole
    from covered
    union all
    {% for reason in link_rejection_reasons() %}
    select
        'links_{{ reason }}' as figure,
        {{ reason }}_count as part,
        null as whole
    from rejected
    union all
    {% endfor %}
    select
        'rejected_links_share' as figure,
        rejected_count as part,
        link_count as whole
    from rejected
    union all
    select
        'decisions_not_in_force' as figure,
        decision_count as part,
        null as whole
    from sleeping

),

-- Shares in millionths, cut off, without a division that leaves a rest: engines round each in their
-- own way.
millionths as (

    select
        figure,
        part,
        whole,
        (1000000 * part - mod(1000000 * part, nullif(whole, 0))) / nullif(whole, 0)
            as millionth_count
    from parts

),

measured as (

    select
        figure,
        cast(case when whole is null then part else millionth_count / 1000000 end as decimal(18, 6))
            as figure_value
    from millionths

)

select * from measured
