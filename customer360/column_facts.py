"""What the values of a raw column look like, as shares of those that are filled.

Nothing here keeps or returns a value: facts are counts, shares and lengths.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from customer360.naming import split_words

# What people and programs write for nothing, as the macro placeholder_values has it.
PLACEHOLDERS = frozenset(
    {"", "-", "--", "?", ".", "n/a", "#n/a", "null", "(null)", "none", "nil", "nan", "undefined"}
    | {"unknown", "[object object]", "not provided", "not available", "tbd", "(not set)", "(none)"}
)
EMAIL = re.compile(r'(?:mailto:)?[^@,;:<>()" ]+@([^@,;:<>()". ]+[.])+[^@,;:<>()". ]+')
PHONE_SIGNS = re.compile(r"[0-9+()./ -]+( *([eE][xX][tT]|[xX]|#).*)?")
PLAIN_NUMBER = re.compile(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)")
COMMA_NUMBER = re.compile(r"[+-]?([0-9]{1,3}([.][0-9]{3})+|[0-9]+),[0-9]+")
THOUSANDS = re.compile(r"[€$£]? ?[+-]?[0-9]{1,3}(,[0-9]{3})*([.][0-9]+)?( ?[€$£])?")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
URL = re.compile(r"(https?://|www[.])\S+", re.IGNORECASE)
NAME = re.compile(r"[^\W\d_]([^\W\d_]|[ .'’`,-])*")
POSTAL_CODE = re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9 -]{1,8}[A-Za-z0-9]")
ISO_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(Z|z|UTC|[+-][0-9]{2}(:?[0-5][0-9])?))?)?"
)
CLOCK = r"( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?( ?[AaPp][Mm])?)?"
PARTED_DATE = re.compile(rf"([0-9]{{1,2}})([./-])([0-9]{{1,2}})[./-]([0-9]{{4}}){CLOCK}")
COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?|[^\W\d_]{4,20}")
YEAR = re.compile(r"(19|20)[0-9]{2}")
# Digits of one length from here on are codes of things; no shop counts so far.
CODE_DIGITS = 8
MOST_TESTED = 600_000
# With fewer different values than this a column cannot be a key, whatever its rows say.
RESENT = 0.8
EARLIEST_EPOCH = int(dt.datetime(2000, 1, 1, tzinfo=dt.UTC).timestamp())
# Yes and no, as the macro clean_boolean has it.
BOOLEANS = frozenset(
    split_words(
        "true t yes y 1 on ja wahr oui vrai si sí verdadero "
        "false f no n 0 off nein falsch non faux falso"
    )
)
GENDERS = frozenset(
    split_words(
        "f female w woman mrs ms miss weiblich femme mujer m male man mr mannlich männlich homme "
        "hombre d x divers diverse other non-binary frau herr mme sra sr"
    )
)
CURRENCIES = frozenset(
    split_words(
        "EUR USD GBP CHF JPY CNY AUD CAD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH INR BRL "
        "MXN ARS CLP COP PEN ZAR KRW SGD HKD TWD THB IDR MYR PHP VND ILS AED SAR EGP NGN KES"
    )
)


@dataclass(frozen=True)
class Setting:
    """What the tests compare with: known country words, in lower case, and the present."""

    countries: frozenset[str] = frozenset()
    today: dt.date = field(default_factory=lambda: dt.datetime.now(dt.UTC).date())


@dataclass(frozen=True)
class Facts:
    """A column: `shares` holds, by test, the share of filled values that pass it."""

    name: str
    place: int
    rows: int
    filled: int
    distinct: int
    shares: Mapping[str, float]
    longest: int = 0
    time_order: str = ""
    # The formats of strptime in which its times are written, where that is not ISO 8601.
    time_formats: tuple[str, ...] = ()
    number_form: str = ""
    future_share: float = 0.0
    largest_decimals: int = 0
    # Of the rows that repeat a value, the share of other columns that agree with its first row.
    agreement: float = 1.0
    # Whether values repeat much further down the file than was read.
    repeats_later: bool = False
    # Share of the values found in what is published, and by which type: ("email", "", 0.4).
    overlap: tuple[str, str, float] | None = None

    @property
    def filled_share(self) -> float:
        """Share of the rows that have a value."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def distinct_share(self) -> float:
        """Share of the filled values that are the first of their kind."""
        return self.distinct / self.filled if self.filled else 0.0

    def share(self, test: str) -> float:
        """Share of the filled values that pass a test."""
        return self.shares.get(test, 0.0)


def visible(value: str | None) -> str | None:
    """Return a value as staging sees it: trimmed, and None where it means nothing."""
    if value is None:
        return None
    text = " ".join(value.split()) if not value.isascii() or "\t" in value else value.strip()
    return None if len(text) <= 16 and text.lower() in PLACEHOLDERS else text


def is_email(value: str) -> bool:
    """Whether it has the form of an e-mail address, alone or in angle brackets."""
    inside = re.search(r"<([^<>]*)>$", value)
    return bool(EMAIL.fullmatch((inside.group(1) if inside else value).strip()))


def dialled(value: str) -> str:
    """Return the digits of a phone number, with its plus sign."""
    number = re.sub(r" *([eE][xX][tT]|[xX]|#).*$", "", value).replace("(0)", "")
    return re.sub(r"[^0-9+]", "", number)


def is_phone(value: str) -> bool:
    """Whether it may be a phone number of any country."""
    if not PHONE_SIGNS.fullmatch(value) or ISO_TIME.fullmatch(value) or parted_date(value):
        return False
    digits = dialled(value).lstrip("+")
    return 7 <= len(digits) <= 15 and not re.fullmatch(r"[0-9]+[.][0-9]+", value)


def is_sure_phone(value: str) -> bool:
    """Whether it can be nothing but a phone number: with a plus sign, or written in groups."""
    if not is_phone(value):
        return False
    return value.startswith(("+", "00")) or bool(re.search(r"\([0-9]+\)|[0-9][ /-]+[0-9]", value))


def names_its_country(value: str) -> bool:
    """Whether a phone number begins with a plus sign or 00."""
    return is_phone(value) and dialled(value).startswith(("+", "00"))


def day_of(year: str, month: str, day: str) -> dt.date | None:
    """Return a day that there is, from 1900 on."""
    try:
        found = dt.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year >= 1900 else None


def iso_day(value: str) -> dt.date | None:
    """Return the day of an ISO 8601 time."""
    match = ISO_TIME.fullmatch(value)
    return day_of(*match.groups()[:3]) if match else None


def parted_date(value: str) -> re.Match[str] | None:
    """Return the match of a date such as 31.12.2025 or 12/31/2025, with a time or without."""
    match = PARTED_DATE.fullmatch(value)
    return match if match and max(int(match[1]), int(match[3])) <= 31 else None


def day_first(value: str) -> dt.date | None:
    """Return the day of a date that begins with the day."""
    match = parted_date(value)
    return day_of(match[4], match[3], match[1]) if match else None


def month_first(value: str) -> dt.date | None:
    """Return the day of a date that begins with the month."""
    match = parted_date(value)
    return day_of(match[4], match[1], match[3]) if match and match[2] != "." else None


def compact_day(value: str) -> dt.date | None:
    """Return the day of a date such as 20251231."""
    match = COMPACT_DATE.fullmatch(value)
    return day_of(*match.groups()) if match else None


def epoch_day(value: str, digits: int) -> dt.date | None:
    """Return the day of a count of seconds (10 digits) or milliseconds (13) since 1970."""
    if len(value) != digits or not value.isdigit():
        return None
    seconds = int(value[:10])
    if seconds < EARLIEST_EPOCH:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date()


# How times are written: name -> the day of a value, or None. The first that fits most values wins.
TIME_ORDERS: Mapping[str, Callable[[str], dt.date | None]] = {
    "iso": iso_day,
    "day_first": day_first,
    "month_first": month_first,
    "compact": compact_day,
    "epoch": lambda value: epoch_day(value, 10),
    "epoch_ms": lambda value: epoch_day(value, 13),
}


def entropy_bits(value: str) -> float:
    """Return how many bits a value could hold at most, by its length and its kinds of signs."""
    signs = 0
    for pattern, count in (("[0-9]", 10), ("[a-z]", 26), ("[A-Z]", 26), ("[^0-9a-zA-Z]", 2)):
        if re.search(pattern, value):
            signs += count
    if re.fullmatch(r"[0-9a-f-]+|[0-9A-F-]+", value):
        signs = 16 if re.search("[a-fA-F]", value) else 10
    return len(value) * math.log2(max(signs, 2))


def is_opaque(value: str) -> bool:
    """Whether it is an id that nobody gives twice by chance: a UUID, a hash, a long random word."""
    if UUID.fullmatch(value):
        return True
    if not re.fullmatch(r"[0-9A-Za-z_.:-]{12,}", value) or iso_day(value):
        return False
    has_both = re.search("[0-9]", value) and re.search("[A-Za-z]", value)
    return bool(has_both) and entropy_bits(value) >= 64


def is_code(value: str) -> bool:
    """Whether it is one word that could be a key."""
    if len(value) > 64 or re.search(r"\s", value):
        return False
    return not re.fullmatch(r"[+-]?[0-9]*[.,][0-9]+", value)


def plain_tests(setting: Setting) -> dict[str, Callable[[str], bool]]:
    """Tests of one value, by name."""
    return {
        "email": is_email,
        "phone": is_phone,
        "sure_phone": is_sure_phone,
        "country_named": names_its_country,
        "opaque": is_opaque,
        "code": is_code,
        "name": lambda value: len(value) <= 60 and bool(NAME.fullmatch(value)),
        "postal_code": lambda value: bool(POSTAL_CODE.fullmatch(value)),
        "gender": lambda value: value.lower().rstrip(".") in GENDERS,
        "country": lambda value: value.lower() in setting.countries,
        "language": lambda value: bool(LANGUAGE.fullmatch(value)),
        "currency": lambda value: value.upper() in CURRENCIES,
        "boolean": lambda value: value.lower() in BOOLEANS,
        "digit": lambda value: value in ("0", "1"),
        "url": lambda value: bool(URL.match(value)),
        "integer": lambda value: bool(re.fullmatch(r"[+-]?[0-9]{1,15}([.]0+)?", value)),
        "plain_number": lambda value: bool(PLAIN_NUMBER.fullmatch(value)),
        "comma_number": lambda value: bool(COMMA_NUMBER.fullmatch(value)),
        "thousands": lambda value: bool(THOUSANDS.fullmatch(value)),
        "leading_zero": lambda value: bool(re.fullmatch(r"0[0-9]+", value)),
        "year": lambda value: bool(YEAR.fullmatch(value)),
        "text": lambda value: True,
    }


def number_form(shares: Mapping[str, float]) -> tuple[str, float]:
    """Return how numbers are written (plain, comma, thousands) and the share written so."""
    plain, thousands = shares["plain_number"], shares["thousands"]
    if shares["comma_number"] > 0 and thousands < 1:
        # 1.234,50 beside whole numbers: a comma parts the decimals.
        comma = min(1.0, shares["comma_number"] + shares["integer"])
        if comma > max(plain, thousands):
            return "comma", comma
    if thousands > plain:
        return "thousands", thousands
    return "plain", plain


def time_shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return, by order of writing, the share of the values it fits."""
    total = sum(counts.values())
    return {
        order: sum(count for value, count in counts.items() if read(value)) / total
        for order, read in TIME_ORDERS.items()
    }


def best_order(found: Mapping[str, float]) -> str:
    """Return the order of writing that fits best; `ambiguous` where day and month may be either."""
    best = max(found, key=lambda order: found[order])
    if best == "day_first" and 0 < found["month_first"] == found["day_first"]:
        return "ambiguous"
    return best if found[best] else ""


def future_share(counts: Mapping[str, int], order: str, today: dt.date) -> float:
    """Return the share of the values that are times to come."""
    read = TIME_ORDERS.get("day_first" if order == "ambiguous" else order)
    if read is None:
        return 0.0
    tomorrow = today + dt.timedelta(days=1)
    later = sum(count for value, count in counts.items() if (day := read(value)) and day > tomorrow)
    return later / sum(counts.values())


def format_of(value: str, order: str) -> str | None:
    """Return the format of strptime that reads a date of parts or a compact one."""
    if order == "compact":
        return "%Y%m%d"
    match = parted_date(value)
    if match is None:
        return None
    day = ("%d", "%m") if order == "day_first" else ("%m", "%d")
    text = match[2].join((*day, "%Y"))
    clock = match[5] or ""
    if not clock:
        return text
    seconds = ":%S" if clock.count(":") == 2 else ""
    if clock[-1] in "mM":
        blank = " " if clock[-3] == " " else ""
        return f"{text} %I:%M{seconds}{blank}%p"
    return f"{text} %H:%M{seconds}"


def formats_of(counts: Mapping[str, int], order: str) -> tuple[str, ...]:
    """Return the formats in which the times of a column are written."""
    if order not in ("day_first", "month_first", "compact"):
        return ()
    found = (format_of(value, order) for value in counts if TIME_ORDERS[order](value))
    return tuple(sorted({each for each in found if each}))


def birth_share(counts: Mapping[str, int], order: str, today: dt.date) -> float:
    """Return the share of values that are days on which somebody may have been born."""
    read = TIME_ORDERS.get("day_first" if order == "ambiguous" else order)
    if read is None or order.startswith("epoch"):
        return 0.0
    total = sum(counts.values())
    born = sum(count for value, count in counts.items() if (day := read(value)) and day <= today)
    return born / total


def are_births(counts: Mapping[str, int], order: str, today: dt.date) -> bool:
    """Whether days without a time spread as births do: over decades, most long ago."""
    read = TIME_ORDERS.get(order)
    if read is None or order in ("compact", "epoch", "epoch_ms"):
        return False
    if any(":" in value for value in counts):
        return False
    years = sorted(day.year for value in counts if (day := read(value)))
    if len(years) < 5:
        return False
    return years[-1] - years[0] >= 25 and years[len(years) // 2] <= today.year - 18


def are_codes(counts: Mapping[str, int]) -> bool:
    """Whether all values are digits of one length, as barcodes and account numbers are."""
    lengths = {len(value) for value in counts}
    return len(lengths) == 1 and min(lengths) >= CODE_DIGITS and all(map(str.isdecimal, counts))


def column_facts(
    name: str, place: int, values: Sequence[str | None], setting: Setting, tested: int = 10_000
) -> tuple[Facts, Counter[str]]:
    """Return the facts of a column, and its visible values with their counts.

    At most `tested` different values, the first ones, are held against the tests.
    """
    seen = (visible(value) for value in values)
    every = Counter(value for value in seen if value is not None)
    filled = sum(every.values())
    if not filled:
        return Facts(name, place, len(values), 0, 0, {}), every
    counts = dict(islice(every.items(), tested))
    total = sum(counts.values())
    shares = {
        test: sum(count for value, count in counts.items() if passes(value)) / total
        for test, passes in plain_tests(setting).items()
    }
    form, shares["number"] = number_form(shares)
    times = time_shares(counts)
    order = best_order(times)
    shares["time"] = max(times.values())
    shares["birth_date"] = birth_share(counts, order, setting.today)
    shares["codes"] = float(are_codes(counts))
    shares["births"] = float(are_births(counts, order, setting.today))
    mark = "," if form == "comma" else "."
    facts = Facts(
        name=name,
        place=place,
        rows=len(values),
        filled=filled,
        distinct=len(every),
        shares=shares,
        longest=max(map(len, counts)),
        time_order=order,
        time_formats=formats_of(counts, order),
        number_form=form,
        future_share=future_share(counts, order, setting.today),
        largest_decimals=max(len(value.partition(mark)[2]) for value in counts),
    )
    return facts, every


def agreement(rows: Sequence[Sequence[str | None]], place: int) -> float:
    """Return what share of the other columns agree in rows that repeat a value of one column."""
    first: dict[str, Sequence[str | None]] = {}
    compared = equal = 0
    for row in rows:
        value = visible(row[place])
        if value is None:
            continue
        before = first.setdefault(value, row)
        if before is not row:
            compared += len(row) - 1
            equal += sum(one == other for one, other in zip(before, row, strict=True)) - 1
    return equal / compared if compared else 1.0


def table_facts(
    names: Sequence[str], rows: Sequence[Sequence[str | None]], setting: Setting
) -> tuple[list[Facts], list[Counter[str]]]:
    """Return the facts and the counted values of every column of a table."""
    # A table of hundreds of columns is told as well by fewer values of each.
    tested = max(500, MOST_TESTED // max(len(names), 1))
    found = [
        column_facts(name, place, [row[place] for row in rows], setting, tested)
        for place, name in enumerate(names)
    ]
    all_facts = [
        replace(facts, agreement=agreement(rows, facts.place))
        if RESENT <= facts.distinct_share < 1
        else facts
        for facts, _ in found
    ]
    return all_facts, [counts for _, counts in found]
