"""Names of raw columns turned into names that the project and every engine accept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from customer360.sql_keywords import KEYWORDS

# With the indentation and the longest macro call around it, a line of SQL stays within 100 columns.
LONGEST = 30
# What raw() and a staging model name themselves.
TAKEN = frozenset(
    {
        "source_system",
        "source_file",
        "file_loaded_at",
        "file_loaded_on",
        "source_record_id",
        "record_key",
        "row_key",
        "row_status",
        "quarantine_reason",
        "raw_row",
        "raw_characters",
        "anonymous_row_id",
        "dialled_phone",
        "country_key",
        "country_code",
        "region_key",
        "region_code",
        "opt_in_status",
        "decision",
    }
)
WORKED_OUT = ("_namespace", "_utc", "_number", "_dialled")
SPELLINGS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae"}
    | {"ø": "o", "Ø": "O", "œ": "oe", "ł": "l", "Ł": "L", "#": " no ", "%": " pct "}
)


def split_words(text: str) -> tuple[str, ...]:
    """Read a list of names written with blanks between."""
    return tuple(text.split())


def plain_letters(name: str) -> str:
    """Return a name in ASCII: umlauts written out, accents gone, anything else a blank."""
    text = unicodedata.normalize("NFC", name).translate(SPELLINGS)
    text = unicodedata.normalize("NFKD", text)
    kept = "".join(letter for letter in text if not unicodedata.combining(letter))
    return re.sub(r"[^A-Za-z0-9]+", " ", kept)


def name_words(name: str) -> list[str]:
    """Return the words of a name in lower case: of `customerEMail-Adresse`, `customer`, `e` ..."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", plain_letters(name))
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    return text.lower().split()


def snake_case(name: str) -> str:
    """Return a name in snake case, beginning with a letter and of at most LONGEST characters."""
    text = "_".join(name_words(name)) or "column"
    if not text[0].isalpha():
        text = f"column_{text}"
    return shortened(text, LONGEST)


def shortened(name: str, longest: int) -> str:
    """Cut a name, between two words where that leaves at least half of it."""
    if len(name) <= longest:
        return name
    cut = name[:longest]
    whole = cut.rpartition("_")[0] if name[longest] != "_" else cut
    return (whole if len(whole) * 2 >= longest else cut).strip("_")


def usable(name: str) -> str:
    """Return a name that no engine and no staging model has a meaning of its own for."""
    if name in KEYWORDS or name in TAKEN:
        return shortened(f"source_{name}", LONGEST)
    if name.endswith(WORKED_OUT):
        return shortened(name, LONGEST - 6) + "_value"
    return name


def unique_name(wanted: str, taken: Iterable[str]) -> str:
    """Return the name, or the first of `name_2`, `name_3` ... that is free."""
    names = set(taken)
    base = usable(wanted)
    name, number = base, 1
    while name in names:
        number += 1
        ending = f"_{number}"
        name = shortened(base, LONGEST - len(ending)) + ending
    return name
