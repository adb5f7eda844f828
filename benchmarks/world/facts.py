"""Facts of the made-up world: countries, names, places, products, spellings.

Plain data and nothing else. Phone numbers come from ranges that are reserved for fiction where a
country has one, and are plainly invented elsewhere; mail domains are reserved ones.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A town: ways to write its region (best first), its name, and a pattern of its postal code."""

    regions: tuple[str, ...]
    city: str
    postal: str


@dataclass(frozen=True)
class Country:
    """What the generator knows of a country.

    `weight` is the share of people in per cent; `offset` the minutes from UTC that local systems
    write; `mobile` and `land` are prefixes of national numbers, completed by `digits` digits, and
    `overflow` is the prefix (completed by 7 digits) once these are used up. In layouts each `#` is
    one digit of the national number.
    """

    code: str
    weight: int
    offset: int
    languages: tuple[str, ...]
    spellings: tuple[str, ...]
    mobile: tuple[str, ...]
    digits: int
    overflow: str
    land: tuple[str, ...]
    national: tuple[str, ...]
    international: tuple[str, ...]
    places: tuple[Place, ...]
    streets: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]


def _area(codes: str) -> tuple[str, ...]:
    """North American prefixes in the fiction range: area code and 555-01."""
    return tuple(f"{code}55501" for code in codes.split())


def _words(text: str) -> tuple[str, ...]:
    """Split on blanks; an underscore stands for a blank inside a word."""
    return tuple(word.replace("_", " ") for word in text.split())


_NANP_NATIONAL = ("(###) ###-####", "###-###-####", "###.###.####", "##########", "1-###-###-####")
_NANP_INTERNATIONAL = ("+1 ### ### ####", "+1##########", "+1 (###) ###-####", "+1.###.###.####")

COUNTRIES: tuple[Country, ...] = (
    Country(
        "US", 28, -300, ("en", "en-US", "EN"),
        ("US", "USA", "U.S.A.", "United States", "united states of america", "us", "America"),
        _area(
            "212 213 214 303 305 312 404 415 503 512 602 617 "
            "702 713 801 206 216 313 314 412 414 502 504 505"
        ),
        2, "299", _area("207 208 307 401 406 603 605 701 802 808"),
        _NANP_NATIONAL, (*_NANP_INTERNATIONAL, "tel:+1-###-###-####"),
        (
            Place(("CA", "California", "US-CA", "california"), "San Francisco", "941##"),
            Place(("NY", "New York", "US-NY"), "New York", "100##"),
            Place(("TX", "Texas", "TEXAS"), "Austin", "787##"),
            Place(("WA", "Washington", "US-WA"), "Seattle", "981##"),
            Place(("IL", "Illinois"), "Chicago", "606##"),
        ),
        _words("Maple_Avenue Oak_Street 3rd_Street Sunset_Boulevard Main_St."),
        _words("Emily Ava Grace Madison Zoë Hannah Chloe Abigail Renée Mary-Jane"),
        _words("James Liam Noah Ethan Tyler José Logan Mason Caleb Jean-Luc"),
        _words(
            "Smith Johnson O'Brien Garcia Nguyen Smith-Jones "
            "McAllister O'Connor Peña Washington Lee"
        ),
    ),
    Country(
        "GB", 16, 60, ("en", "en-GB"),
        ("GB", "UK", "United Kingdom", "Great Britain", "GBR", "U.K.", "England", "united kingdom"),
        ("7700900",), 3, "700", ("2079460",),
        ("0#### ######", "0##########", "(0####) ######", "0####-######"),
        ("+44 #### ######", "+44##########", "0044 #### ######", "+44 (0)#### ######"),
        (
            Place(("England", "ENG", "GB-ENG", "england"), "London", "SW1A #AA"),
            Place(("England", "ENG"), "Manchester", "M1 #AE"),
            Place(("Scotland", "SCT", "GB-SCT"), "Edinburgh", "EH1 #YJ"),
            Place(("Wales", "Cymru"), "Cardiff", "CF10 #BH"),
        ),
        _words("High_Street Station_Road Church_Lane Queen's_Road"),
        _words("Olivia Amelia Isla Freya Poppy Siân Chloë Niamh"),
        _words("Oliver George Harry Alfie Callum Rhys Seán Archie"),
        _words("Jones Taylor Patel O'Neill Fitzgerald-Moore Evans MacDonald Thompson Khan Wright"),
    ),
    Country(
        "DE", 14, 120, ("de", "de-DE", "de_DE", "German"),
        ("DE", "Germany", "Deutschland", "DEU", "GERMANY", "germany", "deutschland"),
        ("3023125", "4066969", "6990009", "2214710"), 3, "700", ("8999998",),
        ("0## ########", "0##########", "0##/########", "(0##) ####-####"),
        ("+49 ## ########", "+49##########", "0049 ## ########", "+49 (0)## ########"),
        (
            Place(("Berlin", "BE", "DE-BE"), "Berlin", "101##"),
            Place(("Bayern", "BY", "Bavaria", "DE-BY"), "München", "803##"),
            Place(("Nordrhein-Westfalen", "NRW", "NW"), "Köln", "506##"),
            Place(("Baden-Württemberg", "BW", "baden wuerttemberg"), "Tübingen", "720##"),
        ),
        _words("Hauptstraße Goethestr. Am_Mühlbach Lindenallee Bahnhofstraße"),
        _words("Anna Lena Käthe Jördis Anne-Sophie Sabine Marie Ülkü"),
        _words("Jürgen Lukas Björn Hans-Peter Felix Jörg Maximilian Günther"),
        _words(
            "Müller Schäfer Weiß Schröder Müller-Lüdenscheidt Groß Fischer von_Bülow Krüger Öztürk"
        ),
    ),
    Country(
        "FR", 10, 120, ("fr", "fr-FR", "FR"),
        ("FR", "France", "FRA", "france", "FRANCE"),
        ("63998",), 4, "70", ("19900",),
        ("0# ## ## ## ##", "0#########", "0#.##.##.##.##"),
        ("+33 # ## ## ## ##", "+33#########", "0033 #########", "+33 (0)# ## ## ## ##"),
        (
            Place(("Île-de-France", "IDF", "ile de france"), "Paris", "750##"),
            Place(("Occitanie", "OCC"), "Toulouse", "310##"),
            Place(("Bretagne", "BRE", "Brittany"), "Rennes", "350##"),
        ),
        _words("rue_de_l'Église avenue_Foch boulevard_Saint-Michel place_de_la_République"),
        _words("Chloé Léa Élodie Marie-Claire Françoise Anaïs Inès"),
        _words("Jean-Luc François Étienne Loïc Théo Benoît Gaël"),
        _words("Dubois Lefèvre D'Alembert Béranger Le_Gall Moreau Saint-Pierre Lefebvre"),
    ),
    Country(
        "IN", 9, 330, ("en", "hi", "en-IN"),
        ("IN", "India", "IND", "india", "Bharat"),
        ("99999",), 5, "800", (),
        ("0##########", "##### #####", "##########"),
        ("+91 ##### #####", "+91##########", "0091 ##########", "+91-#####-#####"),
        (
            Place(("Maharashtra", "MH", "IN-MH"), "Mumbai", "4000##"),
            Place(("Karnataka", "KA"), "Bengaluru", "5600##"),
            Place(("Delhi", "DL", "New Delhi"), "New Delhi", "1100##"),
        ),
        _words("M_G_Road Park_Street Nehru_Nagar Residency_Road"),
        _words("Priya Ananya Lakshmi Aishwarya Kavya Meera"),
        _words("Arjun Rahul Vikram Aditya Sanjay Rohan"),
        _words("Sharma Iyer Reddy Das Chaudhuri Kulkarni Singh Banerjee"),
    ),
    Country(
        "CA", 7, -300, ("en", "fr-CA", "en-CA"),
        ("CA", "Canada", "CAN", "canada"),
        _area("204 306 403 416 418 506 514 519 604 613 705 709 780 819 867 902 905 250 450"),
        2, "699", (),
        _NANP_NATIONAL, _NANP_INTERNATIONAL,
        (
            Place(("ON", "Ontario", "CA-ON"), "Toronto", "M5V #T6"),
            Place(("QC", "Québec", "Quebec"), "Montréal", "H2X #Y7"),
            Place(("BC", "British Columbia"), "Vancouver", "V6B #A1"),
        ),
        _words("King_Street_West rue_Saint-Denis Granville_St"),
        _words("Charlotte Mégane Maude Sophie Noémie"),
        _words("William Félix Nathan Zachary Cédric"),
        _words("Tremblay Gagnon MacLeod Côté Roy Singh-Gill"),
    ),
    Country(
        "AU", 5, 600, ("en", "en-AU"),
        ("AU", "Australia", "AUS", "australia"),
        ("491570", "491571"), 3, "47", (),
        ("0### ### ###", "0#########", "(0###) ### ###"),
        ("+61 ### ### ###", "+61#########", "0011 61 ### ### ###"),
        (
            Place(("NSW", "New South Wales", "AU-NSW"), "Sydney", "20##"),
            Place(("VIC", "Victoria"), "Melbourne", "30##"),
        ),
        _words("George_Street Flinders_Lane Beach_Rd"),
        _words("Matilda Ruby Sienna Tahlia"),
        _words("Jack Cooper Lachlan Angus"),
        _words("Williams Wilson O'Sullivan Papadopoulos Hughes"),
    ),
    Country(
        "NL", 4, 120, ("nl", "nl-NL"),
        ("NL", "Netherlands", "The Netherlands", "Nederland", "Holland", "NLD"),
        ("61234",), 4, "69", (),
        ("0# ########", "0#########", "0#-########"),
        ("+31 # ########", "+31#########", "0031 # ########", "+31 (0)# ########"),
        (
            Place(("Noord-Holland", "NH"), "Amsterdam", "10## AB"),
            Place(("Utrecht",), "Utrecht", "35## CD"),
        ),
        _words("Keizersgracht Dorpsstraat Kerkweg"),
        _words("Sanne Fleur Noëlle Maartje"),
        _words("Daan Sjoerd Thijs Joost"),
        _words("de_Vries van_der_Berg 't_Hart Jansen van_'t_Hoff"),
    ),
    Country(
        "ES", 4, 120, ("es", "es-ES"),
        ("ES", "Spain", "España", "ESP", "Espana"),
        ("60000",), 4, "69", (),
        ("### ## ## ##", "#########", "### ### ###"),
        ("+34 ### ## ## ##", "+34#########", "0034 #########"),
        (
            Place(("Cataluña", "CT", "Catalunya"), "Barcelona", "080##"),
            Place(("Madrid", "MD", "Comunidad de Madrid"), "Madrid", "280##"),
        ),
        _words("Calle_Mayor Avenida_de_la_Constitución Carrer_d'Aragó"),
        _words("María Lucía Begoña Carmen"),
        _words("Álvaro Íñigo Sergio Javier"),
        _words("García Núñez Ibáñez-Martín Muñoz López"),
    ),
    Country(
        "IT", 2, 120, ("it", "it-IT"),
        ("IT", "Italy", "Italia", "ITA"),
        ("340000",), 4, "399", (),
        ("### #######", "##########", "###-#######"),
        ("+39 ### #######", "+39##########", "0039 ##########"),
        (
            Place(("Lombardia", "Lombardy", "25"), "Milano", "201##"),
            Place(("Lazio", "62"), "Roma", "001##"),
        ),
        _words("Via_Roma Corso_Garibaldi"),
        _words("Giulia Chiara Niccolò-Maria"),
        _words("Niccolò Matteo Luca"),
        _words("D'Angelo Rossi De_Luca Esposito"),
    ),
    Country(
        "BR", 1, -180, ("pt", "pt-BR"),
        ("BR", "Brazil", "Brasil", "BRA"),
        ("1199999",), 4, "1198", (),
        ("(##) #####-####", "0## #####-####", "###########"),
        ("+55 ## #####-####", "+55###########", "0055 ## #########"),
        (
            Place(("SP", "São Paulo", "sao paulo"), "São Paulo", "01000-0##"),
            Place(("RJ", "Rio de Janeiro"), "Rio de Janeiro", "20000-0##"),
        ),
        _words("Rua_das_Flores Avenida_Paulista"),
        _words("Conceição Júlia Beatriz"),
        _words("João Thiago Antônio"),
        _words("Gonçalves da_Silva Araújo Conceição"),
    ),
)  # fmt: skip

MAIL_DOMAINS = (
    "example.com", "example.org", "example.net", "mail.example", "post.example", "inbox.test",
)  # fmt: skip

COMPANIES = (
    "Acme Widgets Ltd", "Blue Heron Studio", "Nordlicht GmbH", "Café du Coin SARL",
    "Fictive & Sons", "Paper Moon Inc.", "Quince Analytics", "Løkke Design",
    "Bright Otter Pty", "Zum Goldenen Anker",
)  # fmt: skip

CATALOGUE_NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "Coffee": (
        ("Harbour Espresso 1 kg", "24.90"), ("Morning Filter 500 g", "13.50"),
        ("Decaf Dusk 500 g", "14.20"), ("Single Farm 250 g", "11.80"), ("Cold Brew Bags", "9.95"),
        ("Barista Sampler", "29.00"), ("Night Shift 1 kg", "22.40"), ("Green Beans 2 kg", "27.30"),
    ),
    "Tea": (
        ("Smoky Pine 100 g", "8.90"), ("Jasmine Cloud 100 g", "10.40"), ("Mint & Nettle", "6.20"),
        ("Breakfast Tin", "12.00"), ("Rooibos Fig", "7.30"), ("White Needle 50 g", "18.50"),
        ("Tea Advent Box", "34.00"),
    ),
    "Kitchen": (
        ("Pour-over Kettle", "59.00"), ("Hand Grinder", "79.50"), ("Stone Mug", "16.00"),
        ("Glass Carafe", "24.00"), ("Milk Pitcher", "19.90"), ("Copper Scoop", "12.75"),
        ("Cast Pan 26 cm", "64.00"), ("Linen Towel", "9.50"),
    ),
    "Outdoor": (
        ("Trail Flask", "27.00"), ("Camp Stove", "89.00"), ("Folding Cup", "11.20"),
        ("Dry Bag 20 l", "32.50"), ("Head Lamp", "41.00"), ("Wool Blanket", "74.90"),
        ("Pocket Hammock", "55.00"),
    ),
    "Books": (
        ("The Slow Cup", "22.00"), ("Field Notes Set", "14.00"), ("Maps of Nowhere", "31.00"),
        ("Tea Routes", "26.50"), ("Cooking by Ear", "28.00"), ("A Year in Crumbs", "19.80"),
        ("Bread, Simply", "24.00"),
    ),
    "Home": (
        ("Beeswax Candle", "13.00"), ("Oak Tray", "38.00"), ("Cotton Throw", "49.00"),
        ("Desk Lamp", "68.00"), ("Plant Mister", "15.40"), ("Wall Hook Set", "17.90"),
        ("Jute Rug", "119.00"), ("Reed Diffuser", "21.00"),
    ),
    "Beauty": (
        ("Oat Soap", "6.50"), ("Coffee Scrub", "17.00"), ("Rose Balm", "12.30"),
        ("Shaving Brush", "35.00"), ("Sea Salt Spray", "14.80"), ("Hand Cream Trio", "23.00"),
        ("Konjac Sponge", "5.90"),
    ),
    "Gifts": (
        ("Gift Card 25", "25.00"), ("Gift Card 50", "50.00"), ("Sampler Hamper", "84.00"),
        ("Ribbon Wrap", "3.50"), ("Engraved Spoon", "18.00"), ("Coffee Club, 3 months", "66.00"),
        ("Mystery Box", "45.00"), ("Greeting Card Set", "8.00"),
    ),
}  # fmt: skip

EVENT_SPELLINGS: dict[str, tuple[str, ...]] = {
    "page_view": ("page_view", "Page Viewed", "pageview", "page", "Page View"),
    "product_view": (
        "product_view",
        "Product Viewed",
        "view_item",
        "viewed product",
        "product_viewed",
    ),
    "product_list_view": (
        "Product List Viewed",
        "view_item_list",
        "collection_viewed",
        "product_list_view",
    ),
    "search": ("search", "Products Searched", "site_search", "search_submitted"),
    "add_to_cart": (
        "add_to_cart",
        "Product Added",
        "Added to Cart",
        "product_added_to_cart",
        "AddToCart",
    ),
    "remove_from_cart": ("remove_from_cart", "Product Removed", "product_removed_from_cart"),
    "view_cart": ("view_cart", "Cart Viewed", "cart_viewed"),
    "begin_checkout": ("begin_checkout", "Checkout Started", "checkout_start", "checkout_started"),
    "add_payment_info": ("add_payment_info", "Payment Info Entered", "payment_info_submitted"),
    "add_shipping_info": ("add_shipping_info", "checkout_shipping_info_submitted"),
    "purchase": (
        "purchase",
        "Order Completed",
        "checkout_completed",
        "Purchase",
        "order completed",
    ),
    "sign_up": ("sign_up", "Signed Up", "account_created", "Signup Completed"),
    "login": ("login", "Logged In", "Signed In", "user_login"),
    "logout": ("logout", "Signed Out"),
    "identify": ("identify", "Identify", "identified"),
    "form_submit": ("form_submit", "Form Submitted", "generate_lead"),
    "email_subscribe": ("email_subscribe", "newsletter_signup", "Email Subscribed"),
    "email_unsubscribe": ("email_unsubscribe", "unsubscribed"),
    "share": ("share", "Product Shared"),
    "review_submit": ("review_submit", "Product Reviewed", "review_submitted"),
    "wishlist_add": ("wishlist_add", "Product Added to Wishlist", "add_to_wishlist"),
    "click": ("click", "Link Clicked", "cta_click"),
    "scroll": ("scroll", "scroll_depth"),
    "video_play": ("video_play", "video_start", "Video Playback Started"),
    "support_request": ("support_request", "Chat Started", "ticket_created"),
    "promotion_click": ("promotion_click", "select_promotion", "Promotion Clicked"),
    "app_open": ("app_open", "Application Opened"),
    # nobody's standard: these must pass through under their own names
    "unknown": ("spin_wheel_opened", "Size Guide: Toggled", "quiz step 3", "hover_megamenu"),
}

STATUS_SPELLINGS: dict[str, tuple[str, ...]] = {
    "completed": (
        "completed",
        "paid",
        "Complete",
        "fulfilled",
        "SHIPPED",
        "delivered",
        "Completed",
        "closed",
    ),
    "pending": ("pending", "processing", "on-hold", "On Hold", "open", "awaiting payment"),
    "failed": ("failed", "payment_failed", "Declined", "payment failed"),
    "cancelled": ("cancelled", "canceled", "Voided", "CANCELLED"),
    "refunded": ("refunded", "returned", "Refunded", "partially-refunded"),
}

PLACEHOLDERS = ("N/A", "null", "unknown", "-", "undefined", "[object Object]")

# source, medium, campaigns, referrer
CHANNELS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("google", "cpc", ("brand", "coffee_autumn", "spring sale"), "https://www.search.example/"),
    ("Google", "organic", ("",), "https://www.search.example/"),
    ("facebook", "paid_social", ("retarget_q1", "lookalike"), "https://social.example/"),
    ("newsletter", "email", ("weekly", "winback", "Black Friday"), ""),
    ("instagram", "social", ("creator_mug",), "https://photos.example/"),
    ("partner-blog", "affiliate", ("top10",), "https://blog.example/best-mugs"),
)
