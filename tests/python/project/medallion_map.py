"""Which column of the lakehouse demo is which of ours, and which of its faults moves which cells.

All SQL is DuckDB's. `work` is the attached working file of a build; the raw files are views called
raw_<file>, all of whose columns are text. Nothing under `fixed` or `applies` reads `work`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

AS_OF = "date '2025-03-17'"
# Amounts, averages and percentages, to the cent.
MONEY = "decimal(18, 2)"


@dataclass(frozen=True)
class Fault:
    """A fault of the demo, by its number in the README beside the data.

    `applies` is a query of the keys of one table whose cells it moves. `undo` is what it takes to
    bring the fault back into the table's `fixed`: a piece of SQL, and what stands there with the
    fault. Without it the fault leaves null.
    """

    number: int
    what: str
    applies: str
    undo: tuple[str, str] | None = None


@dataclass(frozen=True)
class Column:
    """A column of the demo: its type, what it is of ours, and the faults that move its cells.

    `kind` is the DuckDB type in which both sides are compared; a decimal says to how many places.
    """

    name: str
    kind: str
    ours: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of the demo and ours: `ours` is what stands behind `from`, with its CTEs in `with_`.

    `fixed` is a query over the raw files that gives the key and every column that has a fault, put
    right. `left` tells why a column is not compared.
    """

    name: str
    key: tuple[str, ...]
    ours: str
    columns: tuple[Column, ...]
    with_: str = ""
    fixed: str = ""
    left: dict[str, str] = field(default_factory=dict)


# --- the demo's faults -------------------------------------------------------------------------

UNPAID = Fault(
    3,
    "pending and failed orders count as spend",
    "select distinct CustomerID from raw_onlinetransactions where Status <> 'Completed'",
    undo=("where Status = 'Completed'", ""),
)
SEVERAL_ACCOUNTS = """
    select CustomerID from raw_loyaltyaccounts group by CustomerID having count(*) > 1
"""
TIER = Fault(
    2,
    "of several accounts the last tier by alphabet counts",
    SEVERAL_ACCOUNTS,
    undo=("arg_max(TierLevel, tier_rank)", "max(TierLevel)"),
)
POINTS = Fault(
    2,
    "of several accounts the most points count, not all",
    SEVERAL_ACCOUNTS,
    undo=("sum(cast(PointsEarned", "max(cast(PointsEarned"),
)
NOTHING_BOUGHT = Fault(
    6,
    "null in the place of 0 where nothing was bought",
    """
    select CustomerID from raw_customers
    where
        CustomerID not in (select CustomerID from raw_onlinetransactions)
        and CustomerID not in (select CustomerID from raw_instoretransactions)
    """,
)
NO_TICKETS = Fault(
    6,
    "null in the place of 0 or false where support was never asked",
    """
    select CustomerID from raw_customers
    where CustomerID not in (select CustomerID from raw_customerserviceinteractions)
    """,
)
NO_ACCOUNTS = Fault(
    6,
    "null in the place of 0 where there is no loyalty account",
    """
    select CustomerID from raw_customers
    where CustomerID not in (select CustomerID from raw_loyaltyaccounts)
    """,
)

# --- spellings -----------------------------------------------------------------------------------

# The demo's word of each of our codes.
COUNTRIES = {
    "AU": "Australia", "CA": "Canada", "CN": "China", "ES": "Spain", "GB": "UK", "IN": "India",
    "IT": "Italy", "JP": "Japan", "US": "USA",
}  # fmt: skip
STATES = {
    "AU-NSW": "New South Wales", "AU-VIC": "Victoria", "CA-ON": "Ontario", "CA-QC": "Quebec",
    "CN-GD": "Guangdong", "CN-SD": "Shandong", "ES-AN": "Andalusia", "ES-CT": "Catalonia",
    "GB-ENG": "England", "GB-SCT": "Scotland", "IN-MH": "Maharashtra", "IN-UP": "Uttar Pradesh",
    "IT-25": "Lombardy", "IT-62": "Lazio", "JP-13": "Tokyo", "JP-14": "Kanagawa",
    "US-CA": "California", "US-TX": "Texas",
}  # fmt: skip
PAYMENT_METHODS = {
    "credit_card": "Credit Card",
    "debit_card": "Debit Card",
    "gift_card": "Gift Card",
    "paypal": "PayPal",
}
PURCHASE_CHANNELS = {"online": "Online", "in_store": "In-Store", "omnichannel": "Omnichannel"}
ORDER_STATES = {"completed": "Completed", "pending": "Pending", "failed": "Failed"}
TICKET_STATES = {"resolved": "Resolved", "escalated": "Escalated", "pending": "Pending"}
ISSUE_TYPES = {
    "billing": "Billing",
    "complaint": "Complaint",
    "other": "Other",
    "product_inquiry": "Product Inquiry",
    "technical_issue": "Technical Issue",
}
GENDERS = {"female": "Female", "male": "Male"}


def spelt(expression: str, words: dict[str, str]) -> str:
    """Return SQL that turns our codes into the demo's words; a code without one becomes null."""
    cases = " ".join(f"when '{code}' then '{word}'" for code, word in words.items())
    return f"case {expression} {cases} end"


def number_of(namespaced: str) -> str:
    """Return SQL for a source's own number, without the namespace in front of it."""
    return f"split_part({namespaced}, ':', 2)"


# --- silver: one row of a raw file each ----------------------------------------------------------

CUSTOMERS = Table(
    name="silver_customers",
    key=("customer_id",),
    ours="""
        work.customer360_staging.stg_crm__contacts as contacts
        inner join work.customer360.customer360_identity_map as map using (record_key)
        inner join work.customer360.customer360_profiles as profiles
            on map.customer360_id = profiles.customer360_id
        where contacts.source_system = 'crm'
    """,
    columns=(
        Column("customer_id", "integer", "contacts.crm_contact_id"),
        Column("customer_name", "varchar", "profiles.full_name"),
        Column("email", "varchar", "profiles.primary_email"),
        Column("full_address", "varchar", "profiles.address_line"),
        Column("email_domain", "varchar", "profiles.email_domain"),
        # What has not the form of an address is emptied by staging.
        Column("is_valid_email", "boolean", "profiles.primary_email is not null"),
    ),
)

TRANSACTIONS = Table(
    name="silver_transactions",
    key=("channel", "transaction_id"),
    with_="""
        purchases as (
            select
                'online' as channel,
                orders.source_order_id as transaction_id,
                orders.customer_id,
                items.product_id,
                null as store_id,
                orders.ordered_at,
                orders.amount,
                payments.payment_method,
                orders.order_status
            from work.customer360_staging.stg_shop__orders as orders
            left join work.customer360_staging.stg_shop__order_items as items using (order_id)
            left join work.customer360_staging.stg_shop__payments as payments using (order_id)
            where orders.source_system = 'shop'
            union all
            select
                'instore', source_sale_id, customer_id, product_id, store_id, sold_at, amount,
                payment_method, sale_status
            from work.customer360_staging.stg_pos__sales
        )
    """,
    ours="purchases",
    columns=(
        Column("channel", "varchar", "channel"),
        Column("transaction_id", "integer", "transaction_id"),
        Column("customer_id", "integer", number_of("customer_id")),
        Column("product_id", "integer", "product_id"),
        Column("store_id", "integer", number_of("store_id")),
        Column("transaction_datetime", "timestamp", "ordered_at"),
        Column("amount", MONEY, "amount"),
        Column("payment_method", "varchar", spelt("payment_method", PAYMENT_METHODS)),
        Column("status", "varchar", spelt("order_status", ORDER_STATES)),
        Column("transaction_date", "date", "ordered_at"),
        Column("transaction_year", "integer", "year(ordered_at)"),
        Column("transaction_month", "integer", "month(ordered_at)"),
        Column("transaction_quarter", "integer", "quarter(ordered_at)"),
        # The demo counts from Sunday, which is 1.
        Column("transaction_day_of_week", "integer", "isodow(ordered_at) % 7 + 1"),
        Column("transaction_hour", "integer", "hour(ordered_at)"),
        Column("is_weekend", "boolean", "isodow(ordered_at) >= 6"),
    ),
)

LOYALTY = Table(
    name="silver_loyalty",
    key=("loyalty_id",),
    ours="""
        work.customer360_staging.stg_loyalty__accounts as accounts
        left join work.customer360_reference.loyalty_tiers as tiers
            on lower(accounts.loyalty_tier) = tiers.tier
    """,
    columns=(
        Column("loyalty_id", "integer", "accounts.source_loyalty_id"),
        Column("customer_id", "integer", number_of("accounts.customer_id")),
        Column("total_points", "integer", "accounts.points_balance"),
        Column("tier_level", "varchar", "accounts.loyalty_tier"),
        Column("join_date", "date", "accounts.joined_at"),
        Column("tenure_days", "integer", f"{AS_OF} - cast(accounts.joined_at as date)"),
        # A month of the demo has thirty days.
        Column("tenure_months", "integer", f"({AS_OF} - cast(accounts.joined_at as date)) // 30"),
        Column("tier_rank", "integer", "tiers.tier_rank"),
    ),
)

SERVICE = Table(
    name="silver_service_interactions",
    key=("interaction_id",),
    ours="work.customer360_staging.stg_support__tickets",
    columns=(
        Column("interaction_id", "integer", "source_ticket_id"),
        Column("customer_id", "integer", number_of("customer_id")),
        Column("interaction_datetime", "timestamp", "opened_at"),
        Column("agent_id", "integer", number_of("agent_id")),
        Column("issue_type", "varchar", spelt("issue_type", ISSUE_TYPES)),
        Column("resolution_status", "varchar", spelt("ticket_status", TICKET_STATES)),
        Column("interaction_date", "date", "opened_at"),
        Column("interaction_hour", "integer", "hour(opened_at)"),
        Column("is_resolved", "boolean", "ticket_status = 'resolved'"),
        Column("is_escalated", "boolean", "ticket_status = 'escalated'"),
        Column("is_pending", "boolean", "ticket_status = 'pending'"),
    ),
    left={"issue_category": "a grouping of the demo's own, which calls billing technical"},
)

OWN_LIMITS = "a grouping by limits of the demo's own, which no file states"

INSIGHTS = Table(
    name="silver_customer_insights",
    key=("customer_id", "session_start"),
    # From each visit's event to its customer, its order and what was bought, as the marts have it.
    ours="""
        work.customer360.customer360_events as events
        inner join work.customer360.customer360_profiles as profiles using (customer360_id)
        inner join work.customer360_intermediate.int_orders__totalled as orders
            on events.order_id = orders.order_id
        inner join work.customer360_staging.stg_shop__order_items as items
            on orders.order_id = items.order_id
        inner join work.customer360_staging.stg_catalog__products as products
            on
                items.product_id = products.source_product_id
                and items.source_system = products.source_system
        where events.source_system = 'insights' and events.event_name = 'session_start'
    """,
    columns=(
        Column(
            "customer_id", "integer", "json_extract_string(profiles.source_ids, '$.insights[0]')"
        ),
        Column("session_start", "timestamp", "events.occurred_at"),
        Column("customer_name", "varchar", "profiles.full_name"),
        Column("gender", "varchar", spelt("profiles.gender", GENDERS)),
        # The file ends with 2023, and the ages in it are of that year.
        Column("age", "integer", "2023 - profiles.birth_year"),
        Column("credit_score", "integer", "profiles.credit_score"),
        Column("monthly_income", MONEY, "profiles.monthly_income"),
        Column("country", "varchar", spelt("profiles.country", COUNTRIES)),
        Column("state", "varchar", spelt("profiles.region", STATES)),
        Column("city", "varchar", "profiles.city"),
        Column("product_category", "varchar", "items.product_category"),
        Column("product_name", "varchar", "items.product_name"),
        Column("product_cost", MONEY, "products.unit_cost"),
        Column("product_price", MONEY, "items.unit_price"),
        Column("quantity", "integer", "items.quantity"),
        Column("campaign_source", "varchar", "events.utm_campaign"),
        Column(
            "cart_addition_time",
            "timestamp",
            "json_extract_string(events.properties, '$.cart_added_at')",
        ),
        Column("order_confirmed", "boolean", "orders.is_completed"),
        Column(
            "order_confirmation_time",
            "timestamp",
            "case when orders.is_completed then orders.ordered_at end",
        ),
        Column(
            "payment_method",
            "varchar",
            "json_extract_string(events.properties, '$.payment_method')",
        ),
        Column(
            "session_end",
            "timestamp",
            "json_extract_string(events.properties, '$.session_ended_at')",
        ),
        Column(
            "order_returned",
            "boolean",
            "case when orders.is_completed then orders.order_status = 'refunded' end",
        ),
        Column(
            "return_reason", "varchar", "json_extract_string(events.properties, '$.return_reason')"
        ),
        Column("order_value", MONEY, "orders.reporting_amount"),
        Column("profit_margin", MONEY, "products.list_price - products.unit_cost"),
        Column(
            "total_profit",
            MONEY,
            "orders.reporting_amount - items.quantity * products.unit_cost",
        ),
    ),
    left={
        "age_group": OWN_LIMITS,
        "income_bracket": OWN_LIMITS,
        "credit_tier": OWN_LIMITS,
    },
)

# --- gold: one row per customer ------------------------------------------------------------------

CUSTOMER_360 = Table(
    name="gold_customer_360",
    key=("customer_id",),
    with_="""
        purchases as (
            select
                customer360_id,
                min(reporting_amount) as smallest,
                count(distinct strftime(ordered_at, '%Y-%m')) as months,
                count(distinct purchase_channel) as channels,
                count(*) filter (where purchase_channel = 'online') as online,
                count(*) filter (where purchase_channel = 'in_store') as in_store,
                count(*) filter (where isodow(ordered_at) >= 6) as at_weekends
            from work.customer360_intermediate.int_orders__totalled
            where is_completed
            group by customer360_id
        ),
        accounts as (
            select map.customer360_id, count(*) as accounts
            from work.customer360_staging.stg_loyalty__accounts
            inner join work.customer360.customer360_identity_map as map using (record_key)
            group by map.customer360_id
        ),
        issues as (
            select map.customer360_id, count(distinct tickets.issue_type) as types
            from work.customer360_staging.stg_support__tickets as tickets
            inner join work.customer360.customer360_identity_map as map using (record_key)
            group by map.customer360_id
        )
    """,
    ours="""
        work.customer360_staging.stg_crm__contacts as contacts
        inner join work.customer360.customer360_identity_map as map using (record_key)
        inner join work.customer360.customer360_profiles as profiles
            on map.customer360_id = profiles.customer360_id
        left join purchases on profiles.customer360_id = purchases.customer360_id
        left join accounts on profiles.customer360_id = accounts.customer360_id
        left join issues on profiles.customer360_id = issues.customer360_id
        left join work.customer360_reference.loyalty_tiers as tiers
            on lower(profiles.loyalty_tier) = tiers.tier
        where contacts.source_system = 'crm'
    """,
    columns=(
        *CUSTOMERS.columns,
        Column("total_transactions", "integer", "profiles.orders_count", (UNPAID,)),
        Column("total_spend", MONEY, "profiles.total_revenue", (UNPAID,)),
        # The average of nothing is 0 there and null here.
        Column(
            "avg_transaction_value",
            MONEY,
            "coalesce(profiles.avg_order_value, 0)",
            (UNPAID,),
        ),
        Column("max_transaction_value", MONEY, "profiles.max_order_value", (UNPAID,)),
        Column("min_transaction_value", MONEY, "purchases.smallest", (UNPAID,)),
        Column("last_transaction_date", "date", "profiles.last_purchase_at", (UNPAID,)),
        Column("first_transaction_date", "date", "profiles.first_purchase_at", (UNPAID,)),
        Column(
            "active_months", "integer", "coalesce(purchases.months, 0)", (UNPAID, NOTHING_BOUGHT)
        ),
        Column(
            "channels_used", "integer", "coalesce(purchases.channels, 0)", (UNPAID, NOTHING_BOUGHT)
        ),
        Column("online_transactions", "integer", "coalesce(purchases.online, 0)", (UNPAID,)),
        Column("instore_transactions", "integer", "coalesce(purchases.in_store, 0)"),
        Column("online_spend", MONEY, "profiles.online_revenue", (UNPAID, NOTHING_BOUGHT)),
        Column("instore_spend", MONEY, "profiles.in_store_revenue", (NOTHING_BOUGHT,)),
        Column(
            "weekend_transactions",
            "integer",
            "coalesce(purchases.at_weekends, 0)",
            (UNPAID, NOTHING_BOUGHT),
        ),
        Column(
            "days_since_last_transaction", "integer", "profiles.days_since_last_purchase", (UNPAID,)
        ),
        Column(
            "customer_tenure_days",
            "integer",
            f"{AS_OF} - cast(profiles.first_purchase_at as date)",
            (UNPAID,),
        ),
        Column(
            "online_spend_pct",
            MONEY,
            "100 * profiles.online_revenue / nullif(profiles.total_revenue, 0)",
            (UNPAID,),
        ),
        # Who has no account has no points: 0 there, null here.
        Column(
            "loyalty_points", "integer", "coalesce(profiles.loyalty_points_balance, 0)", (POINTS,)
        ),
        Column("loyalty_tier", "varchar", "profiles.loyalty_tier", (TIER,)),
        Column("loyalty_tier_rank", "integer", "tiers.tier_rank"),
        Column(
            "loyalty_tenure_days",
            "integer",
            f"{AS_OF} - cast(profiles.loyalty_member_since as date)",
        ),
        Column("loyalty_accounts", "integer", "coalesce(accounts.accounts, 0)", (NO_ACCOUNTS,)),
        Column("total_support_tickets", "integer", "profiles.support_tickets"),
        Column(
            "resolved_tickets",
            "integer",
            "profiles.support_tickets - profiles.open_support_tickets",
            (NO_TICKETS,),
        ),
        Column("escalated_tickets", "integer", "profiles.escalated_support_tickets", (NO_TICKETS,)),
        # Open here are pending and escalated ones.
        Column(
            "pending_tickets",
            "integer",
            "profiles.open_support_tickets - profiles.escalated_support_tickets",
            (NO_TICKETS,),
        ),
        Column("last_support_date", "date", "profiles.last_support_interaction_at"),
        Column("unique_issue_types", "integer", "coalesce(issues.types, 0)", (NO_TICKETS,)),
        Column("support_resolution_rate", MONEY, "100 * profiles.support_resolution_rate"),
        Column(
            "days_since_last_support",
            "integer",
            f"{AS_OF} - cast(profiles.last_support_interaction_at as date)",
        ),
        # There it is true of whoever ever bought; our is_active asks for the last days.
        Column("is_active", "boolean", "profiles.orders_count > 0", (UNPAID,)),
        Column(
            "preferred_channel",
            "varchar",
            f"coalesce({spelt('profiles.purchase_channel', PURCHASE_CHANNELS)}, 'Unknown')",
            (UNPAID,),
        ),
        Column("has_support_issues", "boolean", "profiles.support_tickets > 0", (NO_TICKETS,)),
    ),
    fixed="""
        with

        purchases as (
            select
                CustomerID,
                'online' as channel,
                cast(Amount as decimal(18, 2)) as amount,
                cast(DateTime as timestamp) as bought_at
            from raw_onlinetransactions
            where Status = 'Completed'
            union all
            select
                CustomerID, 'store', cast(Amount as decimal(18, 2)), cast(DateTime as timestamp)
            from raw_instoretransactions
        ),

        bought as (
            select
                CustomerID,
                count(*) as n,
                count(*) filter (where channel = 'online') as n_online,
                sum(amount) as spend,
                coalesce(sum(amount) filter (where channel = 'online'), 0) as online,
                coalesce(sum(amount) filter (where channel = 'store'), 0) as store,
                max(amount) as largest,
                min(amount) as smallest,
                cast(min(bought_at) as date) as first_day,
                cast(max(bought_at) as date) as last_day,
                count(distinct date_trunc('month', bought_at)) as months,
                count(distinct channel) as channels,
                count(*) filter (where dayname(bought_at) in ('Saturday', 'Sunday')) as weekend
            from purchases
            group by CustomerID
        ),

        accounts as (
            select
                *,
                list_position(['Bronze', 'Silver', 'Gold', 'Platinum'], TierLevel) as tier_rank
            from raw_loyaltyaccounts
        ),

        loyal as (
            select
                CustomerID,
                count(*) as n,
                sum(cast(PointsEarned as integer)) as points,
                arg_max(TierLevel, tier_rank) as tier
            from accounts
            group by CustomerID
        ),

        asked as (
            select
                CustomerID,
                count(*) filter (where ResolutionStatus = 'Resolved') as resolved,
                count(*) filter (where ResolutionStatus = 'Escalated') as escalated,
                count(*) filter (where ResolutionStatus = 'Pending') as pending,
                count(distinct IssueType) as issues
            from raw_customerserviceinteractions
            group by CustomerID
        )

        select
            people.CustomerID as customer_id,
            coalesce(bought.n, 0) as total_transactions,
            coalesce(bought.spend, 0) as total_spend,
            coalesce(bought.spend / bought.n, 0) as avg_transaction_value,
            bought.largest as max_transaction_value,
            bought.smallest as min_transaction_value,
            bought.last_day as last_transaction_date,
            bought.first_day as first_transaction_date,
            coalesce(bought.months, 0) as active_months,
            coalesce(bought.channels, 0) as channels_used,
            coalesce(bought.n_online, 0) as online_transactions,
            coalesce(bought.online, 0) as online_spend,
            coalesce(bought.store, 0) as instore_spend,
            coalesce(bought.weekend, 0) as weekend_transactions,
            date_diff('day', bought.last_day, date '2025-03-17') as days_since_last_transaction,
            date_diff('day', bought.first_day, date '2025-03-17') as customer_tenure_days,
            bought.online / bought.spend * 100 as online_spend_pct,
            coalesce(loyal.points, 0) as loyalty_points,
            loyal.tier as loyalty_tier,
            coalesce(loyal.n, 0) as loyalty_accounts,
            coalesce(asked.resolved, 0) as resolved_tickets,
            coalesce(asked.escalated, 0) as escalated_tickets,
            coalesce(asked.pending, 0) as pending_tickets,
            coalesce(asked.issues, 0) as unique_issue_types,
            bought.n is not null as is_active,
            case
                when bought.n is null then 'Unknown'
                when 2 * bought.n_online = bought.n then 'Omnichannel'
                when 2 * bought.n_online > bought.n then 'Online'
                else 'In-Store'
            end as preferred_channel,
            asked.issues is not null as has_support_issues
        from raw_customers as people
        left join bought on people.CustomerID = bought.CustomerID
        left join loyal on people.CustomerID = loyal.CustomerID
        left join asked on people.CustomerID = asked.CustomerID
    """,
    left={"engagement_level": "a score; those come with the analytics marts"},
)

TABLES = (CUSTOMERS, TRANSACTIONS, LOYALTY, SERVICE, INSIGHTS, CUSTOMER_360)

# Tables of the demo that answer to marts this project does not have yet.
LEFT = {
    "gold_customer_segments": "segments and churn",
    "gold_customer_clv": "customer lifetime value",
    "gold_campaign_performance": "campaign performance",
    "gold_daily_metrics": "daily figures",
}
