"""What the raw contracts beyond the first four look like: columns in order, keys, whose rows."""

import hashlib

SYSTEM_COLUMNS: dict[str, tuple[str, ...]] = {
    "app.events": (
        "event_id", "event_name", "occurred_at", "user_id", "email", "phone", "device_id",
        "order_id", "session_id", "screen_name", "app_version", "platform", "utm_source",
        "utm_medium", "utm_campaign", "product_id", "amount", "currency", "quantity",
        "properties", "loaded_at",
    ),
    "ga4.events": (
        "event_timestamp", "event_name", "user_pseudo_id", "user_id", "transaction_id",
        "ga_session_id", "event_bundle_sequence_id", "page_location", "page_referrer", "source",
        "medium", "campaign", "platform", "device_category", "country", "language", "item_id",
        "value", "currency", "event_params", "loaded_at",
    ),
    "shop.payments": (
        "payment_id", "order_id", "payment_reference", "payment_method", "payment_status",
        "amount", "currency", "paid_at", "updated_at", "loaded_at",
    ),
    "shop.refunds": (
        "refund_id", "order_id", "payment_reference", "amount", "currency", "refund_reason",
        "refunded_at", "updated_at", "loaded_at",
    ),
    "pos.sales": (
        "sale_id", "store_id", "customer_id", "loyalty_id", "email", "phone", "product_id",
        "quantity", "sale_status", "payment_method", "payment_reference", "amount", "currency",
        "sold_at", "updated_at", "loaded_at",
    ),
    "pos.stores": (
        "store_id", "store_name", "country", "region", "city", "postal_code", "opened_at",
        "updated_at", "loaded_at",
    ),
    "stripe.customers": (
        "stripe_customer_id", "customer_id", "user_id", "email", "phone", "full_name",
        "country", "region", "city", "postal_code", "address_line", "currency", "is_delinquent",
        "created_at", "updated_at", "loaded_at",
    ),
    "stripe.charges": (
        "charge_id", "stripe_customer_id", "email", "payment_intent_id", "invoice_id",
        "order_id", "amount", "amount_refunded", "currency", "charge_status", "created_at",
        "loaded_at",
    ),
    "stripe.subscriptions": (
        "subscription_id", "stripe_customer_id", "subscription_status", "plan_name",
        "plan_amount", "currency", "plan_interval", "interval_count", "quantity", "started_at",
        "canceled_at", "ended_at", "updated_at", "loaded_at",
    ),
    "stripe.refunds": (
        "refund_id", "charge_id", "amount", "currency", "refund_status", "refund_reason",
        "created_at", "loaded_at",
    ),
    "marketing.campaigns": (
        "campaign_id", "campaign_name", "channel", "utm_source", "utm_medium", "started_at",
        "ended_at", "cost", "currency", "impressions", "clicks", "updated_at", "loaded_at",
    ),
    "marketing.message_events": (
        "message_event_id", "message_id", "campaign_id", "event_name", "channel", "email",
        "phone", "customer_id", "user_id", "device_id", "link_url", "occurred_at", "loaded_at",
    ),
    "marketing.ad_clicks": (
        "ad_click_id", "campaign_id", "ad_platform", "user_id", "cookie_id", "device_id",
        "landing_page", "utm_source", "utm_medium", "utm_campaign", "cost", "currency",
        "clicked_at", "loaded_at",
    ),
    "loyalty.accounts": (
        "loyalty_id", "customer_id", "email", "phone", "first_name", "last_name",
        "date_of_birth", "loyalty_tier", "points_balance", "joined_at", "updated_at",
        "loaded_at",
    ),
    "loyalty.movements": (
        "movement_id", "loyalty_id", "movement_type", "points", "order_id", "moved_at",
        "loaded_at",
    ),
    "support.tickets": (
        "ticket_id", "customer_id", "user_id", "email", "phone", "order_id", "issue_type",
        "priority", "ticket_status", "is_escalated", "satisfaction_score", "agent_id",
        "channel", "opened_at", "resolved_at", "updated_at", "loaded_at",
    ),
    "support.interactions": (
        "interaction_id", "ticket_id", "agent_id", "channel", "direction", "duration_seconds",
        "occurred_at", "loaded_at",
    ),
    "support.agents": (
        "agent_id", "agent_name", "team", "updated_at", "loaded_at",
    ),
    "catalog.products": (
        "product_id", "product_name", "product_category", "product_subcategory", "brand",
        "list_price", "unit_cost", "currency", "is_active", "updated_at", "loaded_at",
    ),
    "enrichment.people": (
        "enrichment_id", "customer_id", "user_id", "email", "phone", "first_name", "last_name",
        "date_of_birth", "birth_year", "gender", "country", "region", "city", "postal_code",
        "address_line", "interests", "monthly_income", "currency", "income_bracket",
        "credit_score", "credit_tier", "updated_at", "loaded_at",
    ),
    "consent.records": (
        "consent_id", "customer_id", "user_id", "email", "phone", "purpose", "channel",
        "consent_status", "stated_at", "loaded_at",
    ),
}  # fmt: skip

# the columns that a faulty row's own key goes into
SYSTEM_KEYS: dict[str, str] = {
    "app.events": "event_id",
    "ga4.events": "user_pseudo_id",
    "shop.payments": "payment_id",
    "shop.refunds": "refund_id",
    "pos.sales": "sale_id",
    "pos.stores": "store_id",
    "stripe.customers": "stripe_customer_id",
    "stripe.charges": "charge_id",
    "stripe.subscriptions": "subscription_id",
    "stripe.refunds": "refund_id",
    "marketing.campaigns": "campaign_id",
    "marketing.message_events": "message_event_id",
    "marketing.ad_clicks": "ad_click_id",
    "loyalty.accounts": "loyalty_id",
    "loyalty.movements": "movement_id",
    "support.tickets": "ticket_id",
    "support.interactions": "interaction_id",
    "support.agents": "agent_id",
    "catalog.products": "product_id",
    "enrichment.people": "enrichment_id",
    "consent.records": "consent_id",
}

# instance of the sample and entity, as record and event keys name them, of the tables whose rows
# are records or carry identifiers; the rows of the others belong to the row they refer to
TRUTH: dict[str, tuple[str, str]] = {
    "contacts": ("crm", "contacts"),
    "events": ("web", "events"),
    "orders": ("shop", "orders"),
    "app.events": ("app", "events"),
    "ga4.events": ("ga4", "events"),
    "pos.sales": ("pos", "sales"),
    "stripe.customers": ("stripe", "customers"),
    "stripe.charges": ("stripe", "charges"),
    "marketing.message_events": ("mailing", "message_events"),
    "marketing.ad_clicks": ("ads", "ad_clicks"),
    "loyalty.accounts": ("loyalty", "accounts"),
    "support.tickets": ("support", "tickets"),
    "enrichment.people": ("enrichment", "people"),
    "consent.records": ("consent", "records"),
}


def seed_file(table: str) -> str:
    """Name the sample seed of a table that is called by its contract."""
    return f"sample_{table.replace('.', '__')}.csv"


def own_key(table: str, key: str, values: dict[str, str]) -> str:
    """Give what a usable row is known by: the column `key`, for GA4 the hash of several."""
    if table != "ga4.events":
        return values[key].strip()
    parts = ("user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id")
    joined = "|".join(values[part].strip() for part in parts if values[part].strip())
    return hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest()
