"""Facts of the systems beyond CRM, web and shop: stores, agents, campaigns, plans, spellings."""

from decimal import Decimal

# id, name, country and region as written, town, postal code, opened, currency of its till
STORES: tuple[tuple[str, str, str, str, str, str, str, str], ...] = (
    ("S01", "Berlin Mitte", "Deutschland", "Berlin", "Berlin", "10115", "2014-03-01", "EUR"),
    ("S02", "München Schwabing", "DE", "Bayern", "MÜNCHEN", "80331", "2016-09-15", "EUR"),
    ("S03", "Paris Marais", "france", "IDF", "Paris", "75004", "2017-05-02T08:00:00Z", "EUR"),
    ("S04", "London Soho", "UK", "England", "london", "w1d 3qf", "2018-11-01", "GBP"),
    ("S05", "Amsterdam", "Holland", "Noord-Holland", "Amsterdam", "1015 CJ", "2019-04-20", "EUR"),
    ("S06", "Barcelona Born", "Espana", "Catalunya", "Barcelona", "08003", "2021-06-12", "eur"),
    ("S07", "Milano Brera", "Italia", "Lombardia", "Milano", "20121", "2023-02-01", "EUR"),
    ("S08", "Köln Pop-up", "Germany", "NRW", "Köln", "50667", "2025-07-01 09:00:00", ""),
)  # fmt: skip

# id, name, team
AGENTS: tuple[tuple[str, str, str], ...] = (
    ("A1", "Ines Kaya", "Orders"), ("A2", "TOM BREUER", "Orders"),
    ("A3", "Oluwaseun Ade", "Returns"),
    ("A4", "marie petit", "Returns"), ("A5", "Sam O'Hara", "Payments"), ("A6", "Li Na", "Products"),
    ("A7", "Nora Dahl", "Products"), ("A8", "Chat bot", ""),
)  # fmt: skip

# id, name as utm_campaign has it, channel, source, medium, first and last day, cost, currency,
# impressions, clicks
CAMPAIGNS: tuple[tuple[str, ...], ...] = (
    ("CMP-01", "brand", "Paid Search", "google", "cpc",
     "2025-07-01", "", "9200.00", "EUR", "410000", "20500"),
    ("CMP-02", "coffee_autumn", "paid_search", "google", "cpc",
     "2025-09-01", "2025-11-30", "5400.50", "EUR", "230000", "9100"),
    ("CMP-03", "spring sale", "paid_search", "Google", "cpc",
     "2026-03-01", "2026-05-31", "6100.00", "eur", "260000", "11800"),
    ("CMP-04", "retarget_q1", "Paid Social", "facebook", "paid_social",
     "2026-01-01", "2026-03-31", "4300.00", "USD", "610000", "7400"),
    ("CMP-05", "lookalike", "paid_social", "facebook", "paid_social",
     "2025-10-01", "", "7700.25", "USD", "890000", "8200"),
    ("CMP-06", "weekly", "email", "newsletter", "email",
     "2025-07-01", "", "1200.00", "EUR", "", ""),
    ("CMP-07", "winback", "Email", "newsletter", "email",
     "2025-08-01", "", "300.00", "EUR", "", ""),
    ("CMP-08", "Black Friday", "email", "newsletter", "email",
     "2025-11-20", "2025-12-01", "450.00", "EUR", "", ""),
    ("CMP-09", "creator_mug", "social", "instagram", "social",
     "2025-09-15", "2026-02-15", "2500.00", "EUR", "150000", "3900"),
    ("CMP-10", "top10", "affiliate", "partner-blog", "affiliate",
     "2025-07-01", "", "1800.00", "GBP", "", "2600"),
    ("CMP-11", "app_welcome", "push", "app", "push",
     "2025-07-01", "", "", "", "", ""),
    ("CMP-12", "flash_sms", "SMS", "sms", "sms",
     "2026-02-01", "2026-02-28", "210.40", "EUR", "", ""),
    ("CMP-13", "display_summer", "display", "adnet", "display",
     "2026-05-15", "", "3900.00", "EUR", "1200000", "2100"),
    ("CMP-14", "podcast_spring", "audio", "podcast", "audio",
     "2026-04-01", "2026-04-30", "2000.00", "GBP", "95000", "n/a"),
)  # fmt: skip

# what an advertisement is clicked on, by campaign: platform as it calls itself
AD_PLATFORMS = {
    "brand": "google_ads", "coffee_autumn": "Google Ads", "spring sale": "google_ads",
    "retarget_q1": "Meta Ads", "lookalike": "meta_ads", "creator_mug": "Instagram",
    "top10": "affiliate_net",
}  # fmt: skip

# name, amount in minor units, currency, interval, intervals between two charges
PLANS: tuple[tuple[str, int, str, str, str], ...] = (
    ("Coffee Club", 1990, "eur", "month", "1"), ("Coffee Club", 1990, "eur", "month", ""),
    ("Tea Circle", 1200, "eur", "month", "1"), ("Barista Box", 4500, "EUR", "month", "2"),
    ("Coffee Club US", 2400, "usd", "month", "1"), ("Coffee Club JP", 2400, "jpy", "month", "1"),
    ("Coffee Club KW", 5500, "kwd", "month", "1"), ("Home Year", 19900, "eur", "year", "1"),
)  # fmt: skip

# amounts of what is charged outside the shop, in minor units of each currency
OTHER_SALES = {"eur": 100, "usd": 100, "jpy": 1, "kwd": 1000}

MESSAGE_SPELLINGS: dict[str, tuple[str, ...]] = {
    "sent": ("sent", "Sent", "SENT"),
    "delivered": ("delivered", "Delivered"),
    "opened": ("opened", "open", "Opened"),
    "clicked": ("clicked", "click", "Clicked"),
    "bounced": ("bounced", "Bounce"),
    "unsubscribed": ("unsubscribed", "Unsubscribe"),
}

APP_SPELLINGS: dict[str, tuple[str, ...]] = {
    "app_open": ("app_open", "Application Opened"),
    "page_view": ("screen_view", "Screen Viewed"),
    "product_view": ("Product Viewed", "view_item"),
    "add_to_cart": ("Product Added", "add_to_cart"),
    "purchase": ("Order Completed", "purchase", "in_app_purchase"),
    "login": ("login", "Signed In"),
    "sign_up": ("sign_up",),
    "search": ("Products Searched",),
    "push_open": ("notification_open", "Push Notification Tapped"),
    # nobody's standard
    "unknown": ("barcode scanned", "Dark Mode: On"),
}

GA4_EVENTS: dict[str, str] = {
    "session_start": "session_start",
    "first_visit": "first_visit",
    "page_view": "page_view",
    "user_engagement": "page_ping",
    "scroll": "scroll",
    "view_item": "product_view",
    "view_item_list": "product_list_view",
    "view_search_results": "search",
    "add_to_cart": "add_to_cart",
    "begin_checkout": "begin_checkout",
    "purchase": "purchase",
    "login": "login",
    "generate_lead": "form_submit",
}

PAYMENT_SPELLINGS: dict[str, tuple[str, ...]] = {
    "succeeded": ("paid", "Captured", "succeeded", "COMPLETED", "settled", "bezahlt"),
    "pending": ("pending", "authorized", "Processing"),
    "failed": ("failed", "Declined", "refused", "REJECTED"),
    "cancelled": ("cancelled", "voided", "Canceled"),
}

CONSENT_SPELLINGS: dict[bool, tuple[str, ...]] = {
    True: ("granted", "Opt-In", "yes", "TRUE", "accepted", "zugestimmt"),
    False: ("withdrawn", "opt_out", "No", "denied", "Revoked", "widerrufen"),
}

ISSUES = ("Late delivery", "late_delivery", "damaged item", "Return", "return", "Payment problem",
          "product question", "account access", "")  # fmt: skip

REFUND_REASONS = ("requested_by_customer", "Damaged", "damaged item", "wrong size", "late", "")

SUBCATEGORIES: dict[str, tuple[str, ...]] = {
    "Coffee": ("Beans", "Samplers"), "Tea": ("Loose leaf", "Boxes"),
    "Kitchen": ("Brewing", "Table"), "Outdoor": ("Camp", "Trail"),
    "Books": ("Cooking", "Travel"), "Home": ("Light", "Textiles"),
    "Beauty": ("Body", "Bath"), "Gifts": ("Cards", "Boxes"),
}  # fmt: skip

BRANDS = ("Harbour & Pine", "Slow Cup", "Nordkante", "")

INTERESTS = ("coffee", "tea", "cooking", "hiking", "reading", "interior", "travel", "beauty")

# per currency: what an income of 1 EUR is in it, roughly
INCOME_CURRENCIES = {"US": ("USD", Decimal("1.1")), "GB": ("GBP", Decimal("0.85"))}
