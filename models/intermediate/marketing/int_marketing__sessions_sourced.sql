with

sessions as (

    select * from {{ ref('int_events__sessions_summarised') }}

),

referrer_hosts as (

    select * from {{ ref('referrer_hosts') }}

),

hosted as (

    select
        session_id,
        customer360_id,
        utm_source,
        utm_medium,
        utm_campaign,
        coalesce(utm_source, utm_medium, utm_campaign) is not null as has_campaign,
        {{ url_host('landing_page') }} as own_host,
        {{ url_host('referrer') }} as referrer_host,
        started_at
    from sessions

),

-- A page of the site itself brings nobody to it.
arrived as (

    select
        session_id,
        customer360_id,
        utm_source,
        utm_medium,
        utm_campaign,
        has_campaign,
        case
            when
                referrer_host = own_host
                or right(referrer_host, length(own_host) + 1) = '.' || own_host
                then null
            else referrer_host
        end as outside_host,
        started_at
    from hosted

),

hosts as (

    select outside_host
    from arrived
    where outside_host is not null and not has_campaign
    group by outside_host

),

-- How the seed may name a host: as it is, by its name with any country's ending, or as the host
-- that it is a part of.
spellings as (

    select
        outside_host,
        outside_host as referrer_host,
        1 as preference
    from hosts
    union all
    select
        outside_host,
        {{ nth_part('outside_host', '.', 1) }} || '.*' as referrer_host,
        2 as preference
    from hosts
    where {{ regexp_contains('outside_host', '^[^.]+([.][a-z]{2,3}){1,2}$') }}
    union all
    select
        outside_host,
        {{ regexp_extract_group('outside_host', '^[^.]+[.](.+)$') }} as referrer_host,
        3 as preference
    from hosts
    union all
    select
        outside_host,
        {{ regexp_extract_group('outside_host', '^[^.]+[.][^.]+[.](.+)$') }} as referrer_host,
        4 as preference
    from hosts

),

known_hosts as (

    select
        spellings.outside_host,
        {{ first_value_by('referrer_hosts.source', 'spellings.preference') }} as source,
        {{ first_value_by('referrer_hosts.medium', 'spellings.preference') }} as medium
    from spellings
    inner join referrer_hosts
        on spellings.referrer_host = referrer_hosts.referrer_host
    group by spellings.outside_host

),

sourced as (

    select
        arrived.session_id,
        arrived.customer360_id,
        case
            when arrived.has_campaign then arrived.utm_source
            else coalesce(known_hosts.source, arrived.outside_host, 'direct')
        end as source,
        case
            when arrived.has_campaign then arrived.utm_medium
            when known_hosts.medium is not null then known_hosts.medium
            when arrived.outside_host is not null then 'referral'
            else 'direct'
        end as medium,
        arrived.utm_campaign as campaign,
        arrived.started_at
    from arrived
    left join known_hosts
        on arrived.outside_host = known_hosts.outside_host

)

select * from sourced
