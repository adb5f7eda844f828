"""What the CRM sees: one contact of a person, or several that share but one thing."""

import random
from datetime import timedelta

from world.facts import COMPANIES
from world.model import COLUMNS, FIRST_DAY, LAST_DAY, Block, Person, Values
from world.spelling import (
    NO_COUNTRY,
    address,
    chance,
    junk,
    loaded,
    moment,
    plain,
    spell_country,
    spell_email,
    spell_name,
    spell_phone,
    spell_time,
    weighted,
)


def contact_details(rng: random.Random, person: Person) -> Values:
    """Write what a CRM knows beside identifiers, as badly kept as usual."""
    gender = ("F", "female", "Female", "w") if person.is_woman else ("M", "male", "Male", "m")
    first, last = spell_name(rng, person.first_name), spell_name(rng, person.last_name)
    only_full = chance(rng, 0.12)
    opt_in = rng.choice(("true", "TRUE", "1", "yes", "Y", "false", "0", "no", ""))
    return {
        "first_name": "" if only_full else junk(rng, first, 0.03),
        "last_name": "" if only_full else junk(rng, last, 0.03),
        "full_name": f"{first} {last}" if only_full or chance(rng, 0.5) else "",
        "company": junk(rng, rng.choice(COMPANIES), 0.3) if chance(rng, 0.2) else "",
        "date_of_birth": person.born_on.isoformat() if chance(rng, 0.5) else "",
        "gender": junk(rng, rng.choice(gender), 0.2),
        "language": junk(rng, person.language, 0.1),
        "lifecycle_status": rng.choice(
            ("customer", "Customer", "lead", "LEAD", "subscriber", "churned", "")
        ),
        "email_opt_in": opt_in,
    }


def contact_row(block: Block, person: Person, ids: Values, phone: str) -> None:
    """Write a contact with the given identifiers; `phone` is a national number or empty."""
    rng = block.rng
    offset = person.country.offset
    created_at = moment(rng, FIRST_DAY, LAST_DAY - timedelta(days=20))
    updated_at = moment(rng, created_at + timedelta(days=1), LAST_DAY)
    country = spell_country(rng, person.country)
    values = dict.fromkeys(COLUMNS["contacts"], "")
    values.update(contact_details(rng, person))
    values.update(address(rng, person, country))
    values.update(ids)
    values.update(
        contact_id=f"C{block.serial('contact')}",
        created_at=plain(created_at)[:10]
        if chance(rng, 0.2)
        else spell_time(rng, created_at, offset),
        updated_at=spell_time(rng, updated_at, offset),
        loaded_at=plain(loaded(updated_at)),
    )
    if phone:
        values["phone"] = spell_phone(rng, person.country, phone, country not in NO_COUNTRY)
    else:
        values["phone"] = junk(rng, "", 0.15)
    block.add("contacts", values, person.person_id, updated_at, loaded(updated_at))


def keep_contacts(block: Block, person: Person) -> None:
    """Keep the person's CRM records: usually one, often more that share but one thing with it."""
    rng = block.rng
    share = {"account": 0.93, "guest": 0.8, "lead": 1.0, "visitor": 0.0}[person.kind]
    if not chance(rng, share):
        return
    phone = person.phones[0] if person.phones else ""
    first = {
        "email": spell_email(rng, person.emails[0]),
        "customer_id": person.customer_id if chance(rng, 0.8) else junk(rng, "", 0.3),
        "user_id": person.user_id if chance(rng, 0.35) else "",
        "loyalty_id": person.loyalty_id if chance(rng, 0.8) else "",
    }
    contact_row(block, person, first, phone if chance(rng, 0.85) else "")
    for _ in range(rng.choices((0, 1, 2), weights=(60, 34, 6))[0]):
        kind = weighted(rng, {"email": 45, "phone": 25, "customer": 30})
        if kind == "phone" and person.phones:
            contact_row(block, person, {"email": junk(rng, "", 0.4)}, rng.choice(person.phones))
        elif kind == "customer" and person.customer_id:
            email = spell_email(rng, person.emails[-1])
            contact_row(block, person, {"customer_id": person.customer_id, "email": email}, "")
        else:
            email = spell_email(rng, person.emails[0])
            contact_row(block, person, {"email": email}, phone if chance(rng, 0.3) else "")
