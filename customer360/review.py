"""Lists what a person should decide about: customers that may be two, and pairs that may be one.

Reads the published marts, and the seed `identity_decisions` for what was decided already; adds a
row to that seed when asked to. What it shows are personal values, on the screen alone.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from customer360.errors import ConfigError
from customer360.paths import Project
from customer360.published import published_database

MARTS = "published.customer360"
NEEDED = {
    f"customer360_{name}"
    for name in ("identity_audit", "identity_links", "identity_rejections", "profiles")
}
SEED = Path("seeds/reference/identity_decisions.csv")
SEED_COLUMNS = (
    "record_key_one",
    "record_key_other",
    "decision",
    "decided_by",
    "decided_at",
    "reason",
)
WORDS = ("same", "never")
# So many customers with one name and one value are no pair any more.
MOST_NAMESAKES = 10
SHOWN_IDENTIFIERS = 6
# Customers whose links are looked at: more than anybody reads, and few enough for a large file.
MOST_JOINED = 1_000
# Where a person would begin: two people in one first, then one person in two.
TIERS = {
    "bridge_between_groups": 0,
    "same_name": 1,
    "many_first_names": 2,
    "many_last_names": 2,
    "many_postal_codes": 2,
    "large_customer": 2,
    "refused_link": 3,
    "low_confidence": 4,
}
TOLD = {
    "bridge_between_groups": "one identifier alone holds two groups of records together",
    "same_name": "two customers of one name share an identifier",
    "many_first_names": "many first names in one customer",
    "many_last_names": "many last names in one customer",
    "many_postal_codes": "many postal codes in one customer",
    "large_customer": "far more records than other customers have",
    "refused_link": "an identifier would have joined two customers and was refused",
    "low_confidence": "one identifier alone holds a part of the records",
}
SLEEPING = {
    "contradictory": "set aside, it contradicts another decision",
    "record_absent": "waits, one of its records is not there",
    "one_record": "changes nothing, it names one record twice",
    "unknown_decision": "changes nothing, it is neither same nor never",
}

Pair = tuple[str, str]
Value = tuple[str, str]  # type, value


@dataclass(frozen=True)
class LinkRow:
    """A record's link to a value, with what is known of the record."""

    record_key: str
    value: Value
    role: str
    effect: str
    is_known: bool
    source: str
    seen: tuple[str, str]


@dataclass(frozen=True)
class Case:
    """Something to decide: `pair` is a record of each side, None where no single link parts it.

    `weight` orders cases of one kind; the larger one is the more important.
    """

    kind: str
    customers: tuple[str, ...]
    pair: Pair | None
    proposal: str
    weight: int
    evidence: tuple[str, ...]

    @property
    def key(self) -> str:
        """A short name that stays the same from build to build."""
        text = "|".join(sorted(self.pair or self.customers))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Decision:
    """A row of the seed."""

    pair: Pair
    word: str
    by: str
    at: str
    reason: str

    @property
    def line(self) -> str:
        """The row as a line of CSV, without its end."""
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(
            (*self.pair, self.word, self.by, self.at, self.reason)
        )
        return out.getvalue()


@dataclass(frozen=True)
class Review:
    """What there is to decide, best first, and the decisions that do nothing."""

    cases: list[Case]
    asleep: list[str]


def review(project: Project) -> Review:
    """Find the cases that nobody has decided yet. Raises ConfigError."""
    decided = [set(row[:2]) for row in read_seed(project)]
    with published_database(project) as connection:
        check_marts(connection)
        cases = joined_cases(connection, decided) + apart_cases(connection, decided)
        cases.sort(key=lambda case: (TIERS[case.kind], -case.weight, case.customers))
        return Review(cases, asleep_decisions(connection))


def check_marts(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise ConfigError where the published file is older than the marts that are read."""
    found = {
        name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()
    }
    if NEEDED - found:
        raise ConfigError(
            "The published file has no identity audit yet; run `customer360 build` to publish anew."
        )


def asleep_decisions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Say which decisions do nothing, and why."""
    rows = connection.execute(
        f"""
        select
            least(record_key, other_record_key), greatest(record_key, other_record_key),
            reason, policy_rule
        from {MARTS}.customer360_identity_rejections
        where identifier_type = 'decision' and list_contains(?, reason)
        group by all order by all
        """,
        [list(SLEEPING)],
    ).fetchall()
    return [f"{one} and {other}: {rule}: {SLEEPING[why]}" for one, other, why, rule in rows]


# --- one customer that may be two -----------------------------------------------------------------


def joined_cases(connection: duckdb.DuckDBPyConnection, decided: Sequence[set[str]]) -> list[Case]:
    """Find customers that look like more than one, and those that hang on one link."""
    rows = connection.execute(
        f"""
        select
            customer360_id, coalesce(suspect_reason, 'low_confidence'),
            coalesce(suspect_record_key, bridge_record_key),
            coalesce(suspect_identifier_type, bridge_identifier_type),
            coalesce(suspect_identifier_value, bridge_identifier_value),
            record_count,
            round((1 - coalesce(identity_confidence, 1)) * record_count)::bigint,
            'confidence ' || coalesce(identity_confidence::varchar, 'unknown')
            || ', different first names ' || first_name_count
            || ', last names ' || last_name_count
            || ', postal codes ' || postal_code_count
        from {MARTS}.customer360_identity_audit
        -- A single record on the smaller side is what most customers have.
        where is_suspect or round((1 - identity_confidence) * record_count) >= 2
        order by is_suspect desc, round((1 - identity_confidence) * record_count) desc, 1
        limit ?
        """,
        [MOST_JOINED],
    ).fetchall()
    links = links_of(connection, [row[0] for row in rows])
    cases = []
    for customer, kind, record, type_, value, records, parted, names in rows:
        facts = [f"customer {customer}: {records} records, {names}"]
        weight = int(parted or records)
        sides = parted_sides(links[customer], record, (type_, value)) if record else None
        if sides is None:
            advice = "no single link is known to part it: look for a value to block or to limit"
            cases.append(Case(kind, (customer,), None, "", weight, (*facts, advice)))
            continue
        if is_decided(sides, decided):
            continue
        facts.append(f"held together by {type_} {value}")
        facts += [side_text(links[customer], side) for side in sides]
        pair = representative(links[customer], sides[0]), representative(links[customer], sides[1])
        cases.append(Case(kind, (customer,), pair, "never", weight, tuple(facts)))
    return cases


def links_of(
    connection: duckdb.DuckDBPyConnection, customers: Sequence[str]
) -> dict[str, list[LinkRow]]:
    """Read what holds some customers together, by customer, oldest records first."""
    rows = connection.execute(
        f"""
        select
            customer360_id, record_key, identifier_type, identifier_value, identifier_role,
            link_effect, record_role = 'known', source_system,
            coalesce(first_seen_at::date::varchar, '?'), coalesce(last_seen_at::date::varchar, '?')
        from {MARTS}.customer360_identity_links
        where list_contains(?, customer360_id) and link_effect <> 'none'
        order by first_seen_at nulls last, record_key, identifier_type, identifier_value
        """,
        [list(customers)],
    ).fetchall()
    found: dict[str, list[LinkRow]] = {customer: [] for customer in customers}
    for customer, record, type_, value, role, effect, is_known, source, first, last in rows:
        found[customer].append(
            LinkRow(record, (type_, value), role, effect, is_known, source, (first, last))
        )
    return found


def parted_sides(
    links: Sequence[LinkRow], record: str, value: Value
) -> tuple[set[str], set[str]] | None:
    """Part the records of a customer by the loss of one link; None where nothing parts.

    Walks the graph in which the audit finds its bridges: of the records that only hold a value the
    first one alone is linked to it, because holding a value in common joins nobody.
    """
    holders: dict[Value, str] = {}
    for link in links:
        if link.effect == "holds":
            holders[link.value] = min(link.record_key, holders.get(link.value, link.record_key))
    held: dict[str, list[Value]] = {}
    carriers: dict[Value, list[str]] = {}
    for link in links:
        is_second_holder = link.effect == "holds" and holders[link.value] != link.record_key
        if is_second_holder or (link.record_key, link.value) == (record, value):
            continue
        held.setdefault(link.record_key, []).append(link.value)
        carriers.setdefault(link.value, []).append(link.record_key)
    reached, frontier = {record}, [record]
    seen: set[Value] = set()
    while frontier:
        for each in held.get(frontier.pop(), []):
            if each in seen:
                continue
            seen.add(each)
            frontier += [other for other in carriers[each] if other not in reached]
            reached.update(carriers[each])
    others = {link.record_key for link in links} - reached
    return (reached, others) if others else None


def representative(links: Iterable[LinkRow], side: set[str]) -> str:
    """Choose the record of a side that a decision names: the oldest known one, else the oldest."""
    known = [link.record_key for link in links if link.record_key in side and link.is_known]
    return known[0] if known else next(x.record_key for x in links if x.record_key in side)


def side_text(links: Iterable[LinkRow], side: set[str]) -> str:
    """Describe one side by its sources, times and identifiers."""
    own = [link for link in links if link.record_key in side]
    sources = ", ".join(sorted({link.source for link in own}))
    first = min(link.seen[0] for link in own)
    last = max(link.seen[1] for link in own)
    strong = [link for link in own if link.role not in ("weak", "decision")]
    values = list(dict.fromkeys(" ".join(link.value) for link in strong or own))
    more = f" and {len(values) - SHOWN_IDENTIFIERS} more" if len(values) > SHOWN_IDENTIFIERS else ""
    count = "1 record" if len(side) == 1 else f"{len(side)} records"
    return (
        f"one side: {count} of {sources}, {first} to {last}: "
        f"{', '.join(values[:SHOWN_IDENTIFIERS])}{more}"
    )


def is_decided(sides: Sequence[set[str]], decided: Sequence[set[str]]) -> bool:
    """Tell whether a decision names a record of each side."""
    return any(len(pair) == 2 and pair & sides[0] and pair & sides[1] for pair in decided)


# --- two customers that may be one ----------------------------------------------------------------

# Pairs of customers that share a value: by one name, or by a link that was refused between them.
APART = f"""
    with carried as (
        select identifier_type, identifier_value, customer360_id, 'shared' as reason
        from {MARTS}.customer360_identity_links
        where identifier_role not in ('weak', 'decision')
        union
        select identifier_type, identifier_value, customer360_id, reason
        from {MARTS}.customer360_identity_rejections
        where
            identifier_role not in ('weak', 'group', 'decision')
            and reason not in ('blocked_value', 'invalid_format')
        union
        select 'email', primary_email, customer360_id, 'shared'
        from {MARTS}.customer360_profiles
        where primary_email is not null
        union
        select 'phone', primary_phone, customer360_id, 'shared'
        from {MARTS}.customer360_profiles
        where primary_phone is not null
    ),
    named as (
        select
            carried.identifier_type, carried.identifier_value, carried.customer360_id,
            lower(profiles.first_name) as first_name, lower(profiles.last_name) as last_name,
            profiles.record_count
        from carried
        inner join {MARTS}.customer360_profiles as profiles using (customer360_id)
        where profiles.first_name is not null and profiles.last_name is not null
        group by all
    ),
    namesakes as (
        select
            identifier_type, identifier_value, customer360_id,
            first_value(customer360_id) over (
                partition by identifier_type, identifier_value, first_name, last_name
                order by record_count desc, customer360_id
            ) as other_customer360_id,
            count(*) over (
                partition by identifier_type, identifier_value, first_name, last_name
            ) as namesake_count
        from named
    ),
    refused as (
        select
            rejections.identifier_type, rejections.identifier_value, rejections.customer360_id,
            rejections.other_customer360_id, rejections.policy_rule
        from {MARTS}.customer360_identity_rejections as rejections
        where
            rejections.identifier_type <> 'decision'
            and rejections.reason in ('customer_over_limit', 'fallback_taken')
            and rejections.other_customer360_id is not null
    ),
    pairs as (
        select
            identifier_type, identifier_value, customer360_id, other_customer360_id,
            true as is_same_name, null as rule
        from namesakes
        where namesake_count <= ? and customer360_id <> other_customer360_id
        union
        select
            identifier_type, identifier_value, customer360_id, other_customer360_id,
            false, policy_rule
        from {MARTS}.customer360_identity_rejections
        where
            identifier_type <> 'decision'
            and reason in ('customer_over_limit', 'fallback_taken')
            and other_customer360_id is not null
    )
    select
        least(customer360_id, other_customer360_id) as one,
        greatest(customer360_id, other_customer360_id) as other,
        bool_or(is_same_name),
        list_sort(list(distinct identifier_type || ' ' || identifier_value)),
        list_sort(list(distinct rule) filter (where rule is not null))
    from pairs
    group by 1, 2
"""

# A customer's records, those that a decision names best first: a known one, an oldest one.
RECORDS = f"""
    select
        customer360_id,
        list(record_key order by record_role <> 'known', first_seen_at, record_key)
    from {MARTS}.customer360_identity_map
    where list_contains(?, customer360_id)
    group by 1
"""
# Records by the values they carry, joined or not.
CARRIERS = f"""
    with carriers as (
        select customer360_id, record_key, identifier_type || ' ' || identifier_value as value
        from {MARTS}.customer360_identity_links
        union
        select customer360_id, record_key, identifier_type || ' ' || identifier_value
        from {MARTS}.customer360_identity_rejections
    )
    select customer360_id, value, record_key from carriers
    where list_contains($customers, customer360_id) and list_contains($values, value)
"""
PROFILES = f"""
    select
        customer360_id,
        concat_ws(
            ', ', full_name, primary_email, primary_phone, postal_code || ' ' || city,
            record_count || ' records', orders_count || ' orders'
        )
    from {MARTS}.customer360_profiles
    where list_contains(?, customer360_id)
"""


def apart_cases(connection: duckdb.DuckDBPyConnection, decided: Sequence[set[str]]) -> list[Case]:
    """Find pairs of customers that may be one person: same name and identifier, or a refusal."""
    rows = connection.execute(APART, [MOST_NAMESAKES]).fetchall()
    customers = sorted({customer for row in rows for customer in row[:2]})
    values = sorted({value for row in rows for value in row[3]})
    records = dict(connection.execute(RECORDS, [customers]).fetchall())
    profiles = dict(connection.execute(PROFILES, [customers]).fetchall())
    carriers = set(
        connection.execute(CARRIERS, {"customers": customers, "values": values}).fetchall()
    )
    cases = []
    for one, other, is_same_name, shared, rules in rows:
        sides = set(records[one]), set(records[other])
        if is_decided(sides, decided):
            continue
        facts = [f"{each}: {profiles.get(each, 'no profile')}" for each in (one, other)]
        facts.append(f"both carry {', '.join(shared)}")
        facts += [f"refused by {rule}" for rule in rules or []]
        pair = (
            best_record(one, records[one], shared, carriers),
            best_record(other, records[other], shared, carriers),
        )
        kind = "same_name" if is_same_name else "refused_link"
        cases.append(Case(kind, (one, other), pair, "same", len(shared), tuple(facts)))
    return cases


def best_record(
    customer: str,
    records: Sequence[str],
    shared: Sequence[str],
    carriers: set[tuple[str, str, str]],
) -> str:
    """Choose the record of a customer that a decision names: one that carries what is shared."""
    return next(
        (each for each in records if any((customer, v, each) in carriers for v in shared)),
        records[0],
    )


# --- the seed -------------------------------------------------------------------------------------


def read_seed(project: Project) -> list[list[str]]:
    """Read the rows of the seed; raises ConfigError where it is not what it should be."""
    path = project.root / SEED
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"the seed '{SEED}' cannot be read; restore it.") from error
    if tuple(header) != SEED_COLUMNS:
        raise ConfigError(
            f"the seed '{SEED}' must begin with the line '{','.join(SEED_COLUMNS)}'; correct it."
        )
    return [row for row in rows if row]


def find_case(found: Review, key: str) -> Case:
    """Return the case of a name; raises ConfigError."""
    for case in found.cases:
        if case.key == key.strip().lower():
            return case
    raise ConfigError(
        f"There is no case '{key}', or it is decided; `customer360 review` lists those there are."
    )


def decision_of(case: Case, word: str | None, by: str, reason: str, now: dt.datetime) -> Decision:
    """Write a case down as a decision; raises ConfigError where that cannot be done."""
    if case.pair is None:
        raise ConfigError(
            f"The case {case.key} has no two records to decide about; block a value in "
            "seeds/reference/blocked_identifiers.csv, or limit its type in identity_policy."
        )
    chosen = word or case.proposal
    if chosen not in WORDS:
        raise ConfigError(f"'{chosen}' is no decision; use same or never.")
    return Decision(
        case.pair, chosen, one_line(by), now.strftime("%Y-%m-%d %H:%M:%S"), one_line(reason)
    )


def one_line(text: str) -> str:
    """Return a text without line ends, which a row of the seed must not have."""
    return " ".join(text.split())


def add_decision(project: Project, decision: Decision) -> None:
    """Add a row to the seed; raises ConfigError where these two records are in it already."""
    for row in read_seed(project):
        if set(row[:2]) == set(decision.pair):
            raise ConfigError(
                f"The seed '{SEED}' already says '{row[2] if len(row) > 2 else ''}' about these "
                "two records; change that row instead."
            )
    path = project.root / SEED
    before = path.read_text(encoding="utf-8")
    end = "" if before.endswith("\n") else "\n"
    draft = path.with_suffix(".csv.tmp")
    draft.write_text(f"{before}{end}{decision.line}\n", encoding="utf-8")
    draft.chmod(path.stat().st_mode)
    draft.replace(path)


# --- what is shown --------------------------------------------------------------------------------


def case_lines(case: Case, now: dt.datetime) -> list[str]:
    """Say what a case is about and how it could be decided."""
    lines = [f"{case.key}  {TOLD[case.kind]}", *(f"  {each}" for each in case.evidence)]
    if case.pair is None:
        return lines
    return [*lines, f"  line: {decision_of(case, None, '', '', now).line}"]


def review_lines(found: Review, limit: int, now: dt.datetime) -> list[str]:
    """Say what there is to decide, so many cases at most."""
    lines: list[str] = []
    for case in found.cases[:limit]:
        lines += [*case_lines(case, now), ""]
    hidden = len(found.cases) - limit
    if hidden > 0:
        lines += [f"{hidden} more cases; --limit shows more of them.", ""]
    if not found.cases:
        lines.append("There is nothing to decide.")
    if found.asleep:
        lines += ["Decisions that do nothing:", *(f"  {each}" for each in found.asleep), ""]
    if any(case.pair for case in found.cases[:limit]):
        lines.append(
            "Decide with `customer360 review --case KEY --decision same|never --by NAME --write`, "
            "look at it with `customer360 dry-run`, and build."
        )
    return lines
