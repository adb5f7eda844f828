"""Who lives in the world: people, their identifiers and devices, and families."""

import random
from datetime import date, timedelta

from world.facts import COUNTRIES, MAIL_DOMAINS
from world.model import (
    FIRST_DAY,
    FIRST_NUMBER,
    LAST_DAY,
    PEOPLE_PER_BLOCK,
    Block,
    Device,
    Person,
)
from world.spelling import (
    ascii_name,
    chance,
    digits,
    moment,
    phone_number,
    weighted,
)


def make_emails(rng: random.Random, first: str, last: str, number: int) -> list[str]:
    """One to three addresses; the person's number in each keeps them apart from everyone else's."""
    a, b = ascii_name(first), ascii_name(last)
    forms = [f"{a}.{b}{number}", f"{a[0]}{b}.{number}", f"{b}_{a}_{number}"]
    domains = rng.sample(MAIL_DOMAINS, k=3)
    count = rng.choices((1, 2, 3), weights=(60, 32, 8))[0]
    return [f"{form}@{domain}" for form, domain in zip(forms, domains, strict=True)][:count]


def make_device(rng: random.Random) -> Device:
    """Make a device with a cookie, every fourth one renewed in the course of the year."""
    stamp = int(FIRST_DAY.timestamp())
    cookies = [f"GA1.2.{rng.randrange(10**9)}.{stamp + rng.randrange(10**7)}" for _ in range(2)]
    if chance(rng, 0.75):
        cookies[1] = cookies[0]
    return Device(
        device_id=f"d-{rng.getrandbits(64):016x}",
        cookies=(cookies[0], cookies[1]),
        renewed_at=moment(rng, FIRST_DAY + timedelta(days=90), LAST_DAY),
        sends=weighted(rng, {"both": 60, "cookie": 30, "device": 10}),
    )


def make_person(rng: random.Random, number: int, relative: Person | None) -> Person:
    """Make a person; a relative's country, address and surname are shared."""
    country = rng.choices(COUNTRIES, weights=[c.weight for c in COUNTRIES])[0]
    place = rng.choice(country.places)
    street = f"{rng.randrange(1, 199)} {rng.choice(country.streets)}"
    postal_code = digits(rng, place.postal)
    last_name = rng.choice(country.surnames)
    if relative:
        country, place = relative.country, relative.place
        street, postal_code, last_name = relative.street, relative.postal_code, relative.last_name
    is_woman = chance(rng, 0.5)
    first_name = rng.choice(country.women if is_woman else country.men)
    person = Person(
        number=number,
        person_id=f"P{number + 1:07d}",
        kind=weighted(rng, {"account": 59, "guest": 18, "lead": 13, "visitor": 10}),
        country=country,
        place=place,
        street=street,
        postal_code=postal_code,
        is_woman=is_woman,
        first_name=first_name,
        last_name=last_name,
        born_on=date(1945, 1, 1) + timedelta(days=rng.randrange(62 * 365)),
        language=rng.choice(country.languages),
        emails=make_emails(rng, first_name, last_name, number + 1),
        phones=[],
    )
    for extra in range(rng.choices((0, 1, 2), weights=(15, 70, 15))[0]):
        index = 2 * number + extra
        person.phones.append(phone_number(country, index))
    person.devices = [
        make_device(rng) for _ in range(rng.choices((1, 2, 3), weights=(55, 35, 10))[0])
    ]
    return person


def give_ids(block: Block, person: Person) -> None:
    """Give an account its customer, user and loyalty numbers.

    User numbers run backwards in a block, so that each equals somebody else's customer number.
    """
    first = block.number * PEOPLE_PER_BLOCK
    if person.kind == "account":
        person.customer_id = str(FIRST_NUMBER + person.number)
        backwards = PEOPLE_PER_BLOCK - 1 - (person.number - first)
        person.user_id = str(FIRST_NUMBER + first + backwards)
        if chance(block.rng, 0.35):
            person.loyalty_id = f"L{500000 + person.number}"


def make_people(block: Block, people: int) -> list[Person]:
    """Fill the block: in most of them the first two to four are a family; returns that family."""
    first = block.number * PEOPLE_PER_BLOCK
    count = min(PEOPLE_PER_BLOCK, people - first)
    members = block.rng.randint(2, 4) if block.number % 5 else 0
    head: Person | None = None
    for number in range(first, first + count):
        is_member = number - first < members
        person = make_person(block.rng, number, head if is_member else None)
        if is_member:
            head = head or person
            person.kind = "account" if chance(block.rng, 0.8) else person.kind
        give_ids(block, person)
        block.people.append(person)
    family = block.people[:members]
    if len(family) > 1 and block.number % 3 == 1 and family[0].country.land:
        land_line = phone_number(family[0].country, block.number, is_land_line=True)
        for person in family:
            person.phones.append(land_line)
    return family
