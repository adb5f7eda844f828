-- Question: whom may we write to, and by which means could we?
-- Read it: one line per statement on e-mail marketing and country. 'unknown' means that nobody ever
-- said yes or no: not a consent. `reachable_by_email` counts those with an address; only the lines
-- with opted_in count for a newsletter.

with

profiles as (

    select * from {{ ref('customer360_profiles') }}

)

select
    opt_in_status,
    coalesce(country, '(not known)') as country,
    count(*) as customers,
    sum(case when primary_email is not null then 1 else 0 end) as reachable_by_email,
    sum(case when primary_phone is not null then 1 else 0 end) as reachable_by_phone,
    sum(case when is_active then 1 else 0 end) as active_customers
from profiles
where is_identified
group by opt_in_status, coalesce(country, '(not known)')
order by opt_in_status asc, customers desc, country asc
