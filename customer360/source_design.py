"""What a new source will look like: contract, staging and source entry, made from guesses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from customer360.column_facts import Facts
from customer360.column_kinds import ATTRIBUTE, IDENTIFIER, MEASURE, OPAQUE_KIND, TIME
from customer360.guessing import LEAST_NUMBERS, Guess, TableGuess
from customer360.naming import (
    LONGEST,
    name_words,
    plain_letters,
    shortened,
    snake_case,
    split_words,
    unique_name,
)
from customer360.rawfiles import sql_name

SOURCE_NAME = re.compile(r"[a-z][a-z0-9]{0,29}")
ENTITY_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
DEFAULT_ENTITY = "records"
# What a composite identifier or a column of the mart may not be called, and what jinja would read.
TEMPLATE_SIGNS = ("{{", "}}", "{%", "%}", "{#", "#}")
TIME_WORDS = split_words("at on date time datetime timestamp ts datum zeit dt fecha heure hora")
# A column with more times to come than this holds ends and due dates; fewer are faults of rows.
FUTURE = 0.02
# Identifier types a new source may bring, with the role that does no harm.
NEW_ROLES = {"national_id": "strong", "household_id": "group"}
ORDER = {"key": 0, "identifiers": 1, "attributes": 2, "measures": 3, "times": 4}


@dataclass(frozen=True)
class SourceName:
    """A contract's name: `source.entity`."""

    source: str
    entity: str

    @property
    def contract(self) -> str:
        """The contract, such as hotel.bookings."""
        return f"{self.source}.{self.entity}"

    @property
    def model(self) -> str:
        """What base_ and stg_ begin: hotel__bookings."""
        return f"{self.source}__{self.entity}"


@dataclass(frozen=True)
class StagedColumn:
    """A column of the contract and what staging makes of it.

    `treatment` names how it is cleaned; `mapping` is what fills it in the instance: a raw column's
    name, `{"expression": SQL}`, or None for a column that the source has not.
    """

    name: str
    staged: str
    section: str
    treatment: str
    title: str
    data_type: str
    mapping: str | dict[str, str] | None
    guess: Guess | None = None
    pii: str | None = None
    is_namespaced: bool = False
    is_judged: bool = True


@dataclass(frozen=True)
class Design:
    """Everything that is to be written of a new source."""

    name: SourceName
    columns: tuple[StagedColumn, ...]
    key: StagedColumn | None
    row_is_person: bool
    identifiers: tuple[str, ...]
    many_valued: tuple[str, ...]
    attributes: tuple[str, ...]
    opt_in: str | None
    metrics: tuple[str, ...]
    first_seen_at: str
    last_seen_at: str
    shown_id: str
    new_types: dict[str, str]
    namespaces: dict[str, str]
    left_out: tuple[str, ...] = ()

    def having(self, *treatments: str) -> list[StagedColumn]:
        """The columns that are cleaned in one of the ways."""
        return [column for column in self.columns if column.treatment in treatments]


# --- one column -----------------------------------------------------------------------------------

# Kind -> how it is cleaned and its type in the contract; others by group.
TREATMENTS = {
    "email": ("email", "text"),
    "second_email": ("email", "text"),
    "phone": ("phone", "text"),
    "second_phone": ("phone", "text"),
    "first_name": ("name", "text"),
    "last_name": ("name", "text"),
    "full_name": ("name", "text"),
    "city": ("name", "text"),
    "date_of_birth": ("date", "date"),
    "second_date_of_birth": ("date", "date"),
    "gender": ("gender", "text"),
    "language": ("lower", "text"),
    "country": ("country", "text"),
    "region": ("region", "text"),
    "postal_code": ("upper", "text"),
    "currency": ("upper", "text"),
    "lifecycle_status": ("code", "text"),
    "email_opt_in": ("opt_in", "boolean"),
    "flag": ("boolean", "boolean"),
    "foreign_id": ("plain", "text"),
}


def treatment_of(guess: Guess) -> tuple[str, str]:
    """Return how a column is cleaned, and its type in the contract."""
    kind = guess.kind
    if kind.group == IDENTIFIER and kind.name not in TREATMENTS:
        return ("id", "text") if guess.is_identifier else ("plain", "text")
    if kind.group == TIME:
        return "time", "timestamp"
    if kind.group == MEASURE:
        facts = guess.facts
        if kind.name == "count" or is_whole(facts):
            return "integer", "integer"
        if kind.name == "amount" and facts.largest_decimals <= 2:
            return "amount", "decimal(18,2)"
        return "decimal", "decimal(28,6)"
    return TREATMENTS.get(kind.name, ("text", "text"))


def is_whole(facts: Facts) -> bool:
    """Whether all numbers read are whole, so that nothing but the name could say amount."""
    return facts.number_form == "plain" and facts.share("integer") == 1 and facts.longest <= 15


def section_of(guess: Guess) -> str:
    """Return the group of a yml in which a column stands."""
    if guess.is_identifier:
        return "identifiers"
    return {TIME: "times", MEASURE: "measures"}.get(guess.kind.group, "attributes")


def time_name(name: str) -> str:
    """Return the name of a time: it ends in _at."""
    words = name.split("_")
    while words and words[-1] in TIME_WORDS:
        words.pop()
    return f"{shortened('_'.join(words), LONGEST - 3)}_at" if words else "occurred_at"


def flag_name(name: str) -> str:
    """Return the name of a yes or no: it begins with is_ or has_."""
    if name.startswith(("is_", "has_")):
        return name
    plain = re.sub(r"_(flag|status|yn|ind|indicator)$", "", name)
    return f"is_{shortened(plain, LONGEST - 3)}"


def own_name(guess: Guess, source: str) -> str:
    """Return the name that a column of a generic kind gets from its raw one."""
    name = snake_case(guess.facts.name)
    if guess.kind.group == TIME:
        return time_name(name)
    if guess.kind.name == "flag":
        return flag_name(name)
    if guess.kind is OPAQUE_KIND:
        return snake_case(f"{source} {name}")
    if guess.kind.name == "foreign_id" and name in ("id", "key", "pk", "uuid", "guid", "nr", "no"):
        return "record_id"
    return name


def contract_name(guess: Guess, source: str, taken: set[str]) -> str:
    """Return the name of a column in the contract: its kind's, where one column has that."""
    kind = guess.kind
    is_canonical = kind.group in (IDENTIFIER, ATTRIBUTE) or kind.name in (
        "created_at",
        "updated_at",
        "loaded_at",
        "currency",
    )
    if is_canonical and not guess.is_second and kind is not OPAQUE_KIND:
        used_as_is = kind.group != IDENTIFIER or guess.is_identifier
        if used_as_is and kind.name not in taken:
            return kind.name
    return unique_name(own_name(guess, source), taken)


def pii_of(guess: Guess) -> str | None:
    """Return how personal a column is: what nobody knows the meaning of may be."""
    if guess.kind.pii:
        return guess.kind.pii
    if guess.kind.name == "url":
        return "indirect"
    if guess.kind.name in ("text", "foreign_id") and guess.facts.distinct > 50:
        return "indirect"
    return None


def title_of(guess: Guess) -> str:
    """Return the description of a column: its meaning, and what the source calls it."""
    raw = re.sub(r"[{}%#\"\\]", "", " ".join(guess.facts.name.split())).strip()
    called = f"'{raw}' in the source" if raw else "without a name in the source"
    kind = guess.kind
    if kind.name in ("text", "number"):
        return f"{called[0].upper()}{called[1:]}." if not raw else f"{raw}, as the source calls it."
    title = kind.title
    return f"{title[0].upper()}{title[1:]}: {called}."


# --- how raw values become what staging reads -----------------------------------------------------


def time_expression(raw: str, facts: Facts, only_day: bool) -> str | None:
    """Return SQL of DuckDB that writes a time as ISO; what it cannot read stays as it is."""
    column = sql_name(raw)
    shape = "%Y-%m-%d" if only_day else "%Y-%m-%d %H:%M:%S"
    if facts.time_order in ("epoch", "epoch_ms"):
        factor = 1_000_000 if facts.time_order == "epoch" else 1_000
        read = f"make_timestamp(try_cast({column} as bigint) * {factor})"
        return f"coalesce(strftime({read}, '{shape}'), {column})"
    if not facts.time_formats:
        return None
    formats = ", ".join(f"'{each}'" for each in facts.time_formats)
    return f"coalesce(strftime(try_strptime(trim({column}), [{formats}]), '{shape}'), {column})"


def number_expression(raw: str, form: str) -> str | None:
    """Return SQL that writes a number with a decimal point and nothing else."""
    column = sql_name(raw)
    if form == "comma":
        return f"replace(replace({column}, '.', ''), ',', '.')"
    if form == "thousands":
        text = f"replace({column}, ',', '')"
        for sign in "€$£":
            text = f"replace({text}, '{sign}', '')"
        return f"trim({text})"
    return None


def mapping_of(guess: Guess, treatment: str, is_file: bool) -> str | dict[str, str]:
    """Return what fills a contract column: the raw one, or SQL that writes it in ISO form."""
    raw, facts = guess.facts.name, guess.facts
    expression = None
    if treatment in ("time", "date") and is_file:
        expression = time_expression(raw, facts, treatment == "date")
    elif treatment in ("integer", "amount", "decimal"):
        expression = number_expression(raw, facts.number_form)
    return {"expression": expression} if expression else raw


def is_readable(guess: Guess, is_file: bool) -> bool:
    """Whether staging can read how a time is written, as it is or by an expression."""
    order = guess.facts.time_order
    return order == "iso" or (is_file and order != "ambiguous")


def is_past_time(facts: Facts) -> bool:
    """Whether what is no time, or to come, is a fault of its row."""
    return facts.future_share < FUTURE and facts.share("time") >= LEAST_NUMBERS


def staged(guess: Guess, source: str, taken: set[str], is_file: bool) -> StagedColumn:
    """Return a column of the contract, and take its name."""
    treatment, data_type = treatment_of(guess)
    section = section_of(guess)
    is_judged = treatment != "time" or is_past_time(guess.facts)
    if treatment in ("time", "date") and not is_readable(guess, is_file):
        treatment, data_type, section = "text", "text", "attributes"
    name = contract_name(guess, source, taken)
    taken.add(name)
    return StagedColumn(
        name=name,
        staged="opt_in_status" if treatment == "opt_in" else name,
        section=section,
        treatment=treatment,
        title=title_of(guess),
        data_type=data_type,
        mapping=mapping_of(guess, treatment, is_file),
        guess=guess,
        pii=pii_of(guess),
        is_namespaced=treatment == "id",
        is_judged=is_judged,
    )


# --- the whole ------------------------------------------------------------------------------------

COUNTRY_TITLE = "Country, for the phone numbers and regions; the source has no column of it."


def extra_columns(columns: Sequence[StagedColumn]) -> list[StagedColumn]:
    """Return contract columns that the source lacks and that a user may still map."""
    names = {column.name for column in columns}
    treatments = {column.treatment for column in columns}
    extra = []
    if "country" not in names and treatments & {"phone", "region"}:
        extra.append(
            StagedColumn("country", "country", "attributes", "country", COUNTRY_TITLE, "text", None)
        )
    if "loaded_at" not in names:
        title = "When the row reached the raw table."
        extra.append(
            StagedColumn("loaded_at", "loaded_at", "times", "time", title, "timestamp", None)
        )
    return extra


def seen_columns(columns: Sequence[StagedColumn]) -> tuple[str, str]:
    """Return the columns that say when a record was first and last seen."""
    times = [column for column in columns if column.treatment == "time"]
    names = [column.name for column in times]
    # Times to come (an end, an expiry) say nothing of when somebody was seen.
    own = [
        column.name
        for column in times
        if column.is_judged and column.name not in ("created_at", "updated_at", "loaded_at")
    ]
    created = "created_at" if "created_at" in names else None
    updated = "updated_at" if "updated_at" in names else None
    first = created or (own[0] if own else None) or updated or "loaded_at"
    last = (own[0] if own and not updated else None) or updated or first
    return first, last


def is_sum(column: StagedColumn) -> bool:
    """Whether the sum of a number over a customer's rows says something."""
    guess = column.guess
    return guess is not None and column.section == "measures" and guess.kind.name != "rate"


def shown(columns: Sequence[StagedColumn], identifiers: Sequence[str], has_key: bool) -> str:
    """Return the id by which the people of the source know the customer."""
    own = [name for name in ("customer_id", "user_id", "loyalty_id") if name in identifiers]
    if len(own) > 1:
        return f"coalesce({', '.join(own)})"
    if own:
        return own[0]
    named = [column.name for column in columns if column.is_namespaced]
    if has_key or not named:
        return "source_record_id"
    return named[0]


def is_unusable(guess: Guess) -> bool:
    """Whether a raw column cannot be mapped, because templates would read its name."""
    return any(sign in guess.facts.name for sign in TEMPLATE_SIGNS)


def design_source(
    name: SourceName, table: TableGuess, is_file: bool, policy_types: Sequence[str]
) -> Design:
    """Return what is to be written for a source of which the columns were guessed."""
    taken: set[str] = set()
    usable = [guess for guess in table.columns if not is_unusable(guess)]
    left_out = [guess.facts.name for guess in table.columns if is_unusable(guess)]
    # Those that stand for their kind have the first claim to its name.
    ranked = sorted(usable, key=lambda guess: (guess.is_second, -guess.score, guess.facts.place))
    made = {id(guess): staged(guess, name.source, taken, is_file) for guess in ranked}
    columns = [made[id(guess)] for guess in usable]
    key = made.get(id(table.key)) if table.key else None
    columns += extra_columns(columns)
    columns.sort(key=lambda column: 0 if column is key else ORDER[column.section])
    types = [column.name for column in columns if column.guess and column.guess.is_identifier]
    many = [each for each in types if each == "order_id" and len(types) > 1]
    row_is_person = table.row_is_person or not types
    if row_is_person:
        many = []
    identifiers = [each for each in types if each not in many]
    first, last = seen_columns(columns)
    return Design(
        name=name,
        columns=tuple(columns),
        key=key,
        row_is_person=row_is_person,
        identifiers=tuple(identifiers),
        many_valued=tuple(many),
        attributes=tuple(profile_attributes(columns) if types else ()),
        opt_in=opt_in_column(columns) if types else None,
        metrics=tuple(column.name for column in columns if is_sum(column)) if types else (),
        first_seen_at=first,
        last_seen_at=last,
        shown_id=shown(columns, types, key is not None),
        new_types={each: new_role(each, types) for each in types if each not in policy_types},
        namespaces=known_namespaces(columns),
        left_out=tuple(left_out),
    )


def new_role(kind: str, types: Sequence[str]) -> str:
    """Return the role of an identifier type that the policy does not have yet.

    A household is the customer where nothing else says who it is.
    """
    if kind == "household_id" and len(types) == 1:
        return "strong"
    return NEW_ROLES.get(kind, "group")


def profile_attributes(columns: Sequence[StagedColumn]) -> list[str]:
    """Return the staged columns that a profile may show; consent it takes from elsewhere."""
    return [
        column.staged
        for column in columns
        if column.treatment == "country"
        or (
            column.guess is not None
            and column.treatment != "opt_in"
            and column.guess.kind.group == ATTRIBUTE
            and not column.guess.is_second
            and column.name == column.guess.kind.name
            and not is_text_of_date(column)
        )
    ]


def opt_in_column(columns: Sequence[StagedColumn]) -> str | None:
    """Return the staged column that says whether somebody wants marketing by e-mail."""
    found = [column.staged for column in columns if column.treatment == "opt_in"]
    return found[0] if found else None


def is_text_of_date(column: StagedColumn) -> bool:
    """Whether a date of birth is kept as text, because nobody can tell its day from its month."""
    return column.name == "date_of_birth" and column.treatment != "date"


def known_namespaces(columns: Sequence[StagedColumn]) -> dict[str, str]:
    """Return the namespaces in which the opaque ids of a column are known already."""
    found = {}
    for column in columns:
        overlap = column.guess.facts.overlap if column.guess else None
        if column.is_namespaced and overlap and overlap[0] == column.name and overlap[1]:
            found[column.name] = overlap[1]
    return found


def parse_name(text: str) -> SourceName | None:
    """Read NAME: `source` or `source.entity`; None where it cannot be used."""
    source, dot, entity = text.partition(".")
    entity = entity if dot else DEFAULT_ENTITY
    if not SOURCE_NAME.fullmatch(source) or not ENTITY_NAME.fullmatch(entity) or len(entity) > 30:
        return None
    return SourceName(source, entity)


def table_words(name: SourceName, file_name: str) -> list[str]:
    """Return the words that say what the table is about."""
    return name_words(f"{name.source} {name.entity} {plain_letters(file_name)}")
