with

accounts as (

    select * from {{ ref('stg_loyalty__accounts') }}

),

movements as (

    select * from {{ ref('stg_loyalty__movements') }}

),

loyalty_tiers as (

    select * from {{ ref('loyalty_tiers') }}

),

customers as (

    select * from {{ ref('int_identity__customers') }}

),

moved as (

    select
        loyalty_id,
        sum(points) as points
    from movements
    group by loyalty_id

),

-- The scheme's own balance counts; where it tells none, its movements do.
balanced as (

    select
        accounts.record_key,
        customers.customer360_id,
        accounts.loyalty_tier,
        loyalty_tiers.tier_rank,
        coalesce(accounts.points_balance, moved.points) as points_balance,
        accounts.joined_at,
        {{ latest('accounts.updated_at', 'accounts.joined_at') }} as stated_at
    from accounts
    inner join customers
        on accounts.record_key = customers.record_key
    left join moved
        on accounts.loyalty_id = moved.loyalty_id
    left join loyalty_tiers
        on {{ lookup_code('accounts.loyalty_tier') }} = loyalty_tiers.tier

),

-- Of several accounts the best tier is shown; a tier that the seed does not rank comes last.
ranked as (

    select
        *,
        row_number() over (
            partition by customer360_id
            order by
                case when loyalty_tier is null then 1 else 0 end,
                coalesce(tier_rank, -1) desc,
                {{ nulls_last('stated_at', 'desc') }},
                record_key
        ) as account_rank
    from balanced

),

totals as (

    select
        customer360_id,
        max(case when account_rank = 1 then loyalty_tier end) as loyalty_tier,
        sum(points_balance) as loyalty_points_balance,
        min(joined_at) as loyalty_member_since
    from ranked
    group by customer360_id

)

select * from totals
