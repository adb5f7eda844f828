"""How values come to be written: draws of chance, times, phones, addresses, names."""

import random
import unicodedata
from datetime import datetime, timedelta, timezone

from world.facts import PLACEHOLDERS, Country
from world.model import AS_OF, Person, Values


def chance(rng: random.Random, share: float) -> bool:
    """Say yes with the given probability."""
    return rng.random() < share


def weighted(rng: random.Random, table: dict[str, int]) -> str:
    """Draw a key of the table by its weight."""
    return rng.choices(list(table), weights=list(table.values()))[0]


def digits(rng: random.Random, pattern: str) -> str:
    """Fill each # of a pattern with a digit."""
    return "".join(rng.choice("0123456789") if c == "#" else c for c in pattern)


def moment(rng: random.Random, start: datetime, end: datetime) -> datetime:
    """Draw a whole second from start up to, not including, end (start if end is no later)."""
    seconds = max(1, int((end - start).total_seconds()))
    return start + timedelta(seconds=rng.randrange(seconds))


def awake(rng: random.Random, start: datetime, end: datetime) -> datetime:
    """Like `moment`, moved out of the small hours."""
    at = moment(rng, start, end)
    return at.replace(hour=rng.choice((7, 9, 11, 12, 13, 16, 18, 19, 20, 21)))


def loaded(at: datetime) -> datetime:
    """When the nightly load brings a row: three o'clock of the next day."""
    return at.replace(hour=3, minute=0, second=0) + timedelta(days=1)


def before_as_of(at: datetime) -> datetime:
    """Cap a time one second short of AS_OF."""
    return min(at, AS_OF - timedelta(seconds=1))


def plain(at: datetime) -> str:
    """UTC without zone, to the second."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def spell_time(rng: random.Random, at: datetime, offset: int) -> str:
    """One of the ways systems write an instant; `offset` is the writer's minutes from UTC."""
    local = at.astimezone(timezone(timedelta(minutes=offset)))
    form = rng.randrange(8)
    if form <= 2:
        return plain(at)
    if form == 3:
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if form == 4:
        return local.isoformat()
    if form == 5:
        return local.strftime("%Y-%m-%dT%H:%M:%S%z")
    if form == 6:
        return at.strftime(f"%Y-%m-%d %H:%M:%S.{rng.randrange(1000):03d}")
    return at.strftime(f"%Y-%m-%dT%H:%M:%S.{rng.randrange(1_000_000):06d}Z")


def ascii_name(text: str) -> str:
    """Keep letters a to z only, for mail addresses, after stripping accents."""
    bare = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(c for c in bare if "a" <= c <= "z")


def junk(rng: random.Random, value: str, share: float) -> str:
    """Give the value, or with the given probability a placeholder or nothing."""
    if chance(rng, share):
        return rng.choice((*PLACEHOLDERS, "", ""))
    return value


def phone_number(country: Country, index: int, is_land_line: bool = False) -> str:
    """Make an index a national number: the prefixes in turn, then the overflow range."""
    prefixes = country.land if is_land_line else country.mobile
    which, rest = divmod(index, 10**country.digits)
    if which < len(prefixes):
        return f"{prefixes[which]}{rest:0{country.digits}d}"
    return f"{country.overflow}{index + (7_000_000 if is_land_line else 2_000_000):07d}"


def lay_out(national: str, layout: str) -> str:
    """Write a national number into a layout, a digit for each #."""
    remaining = iter(national)
    return "".join(next(remaining) if c == "#" else c for c in layout)


def spell_phone(rng: random.Random, country: Country, national: str, country_known: bool) -> str:
    """Write a phone some way; without a known country only with its calling code."""
    layouts = country.international
    if country_known and chance(rng, 0.6):
        layouts = country.national
    elif not country_known:
        layouts = tuple(x for x in layouts if x.startswith("+"))
    text = lay_out(national, rng.choice(layouts))
    return f" {text}" if chance(rng, 0.03) else text


def spell_email(rng: random.Random, email: str) -> str:
    """Write an address in a way that means the same mailbox."""
    form = rng.randrange(16)
    if form == 0:
        return email.upper()
    if form == 1:
        return email.title()
    if form == 2:
        return f" {email} "
    if form == 3:
        return f"mailto:{email}"
    if form == 4:
        cut = len(email) // 2
        return f"{email[:cut]}\u200b{email[cut:]}"
    if form == 5:
        return f"{email}\u00a0"
    return email


def usual_email(rng: random.Random, person: Person) -> str:
    """Choose the person's first address, or one time in four any of them."""
    return rng.choice(person.emails) if chance(rng, 0.25) else person.emails[0]


def spell_name(rng: random.Random, name: str) -> str:
    """Type a name into a form: other case, stray blanks, now and then a slip."""
    form = rng.randrange(24)
    if form == 0:
        return name.upper()
    if form == 1:
        return name.lower()
    if form == 2:
        return f"\u00a0{name}"
    if form == 3:
        return f"{name}\u200b "
    if form == 4 and len(name) > 3:
        cut = rng.randrange(1, len(name) - 2)
        return name[:cut] + name[cut + 1] + name[cut] + name[cut + 2 :]
    return name


NO_COUNTRY = ("", "unknown", "N/A", "-")


def spell_country(rng: random.Random, country: Country) -> str:
    """Write the country some way, sometimes padded, sometimes as one of NO_COUNTRY."""
    if chance(rng, 0.06):
        return rng.choice(NO_COUNTRY)
    text = rng.choice(country.spellings)
    return f" {text}" if chance(rng, 0.04) else text


def address(rng: random.Random, person: Person, country: str) -> Values:
    """Where the person lives, as typed this time; `country` is its spelling, possibly empty."""
    return {
        "country": country,
        "region": junk(rng, rng.choice(person.place.regions), 0.05),
        "city": spell_name(rng, junk(rng, person.place.city, 0.03)),
        "postal_code": person.postal_code,
        "address_line": person.street,
    }
