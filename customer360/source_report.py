"""What `customer360 new-source` prints: its guesses, how sure it is, and what to check."""

from __future__ import annotations

from customer360.column_kinds import IDENTIFIER, MEASURE, TIME
from customer360.guessing import TableGuess, percent
from customer360.source_design import FUTURE, Design, StagedColumn

SHOWN_NAME = 28
COLUMN_HEADS = ("column", "becomes", "taken for", "sure")


def meaning(column: StagedColumn, design: Design) -> str:
    """Say in a word or two what a column is taken for, and what becomes of it."""
    guess = column.guess
    if guess is None:
        return "not in the source"
    title = guess.kind.title
    if column is design.key:
        title = f"key, {title}" if guess.is_identifier else "key"
    elif guess.is_identifier:
        title = f"identifier: {title}"
    elif column.name in design.metrics:
        title = f"{title}, a metric"
    return title


def table_lines(table: TableGuess, design: Design) -> list[str]:
    """Return a line per raw column: what it is taken for, how sure, and why."""
    of_guess = {id(column.guess): column for column in design.columns if column.guess}
    rows = [COLUMN_HEADS]
    reasons = ["why"]
    for guess in table.columns:
        column = of_guess.get(id(guess))
        name = clipped(guess.facts.name)
        reasons.append(guess.why)
        if column is None:
            rows.append((name, "-", "left out", "-"))
            continue
        sure = f"{guess.sureness} {guess.score:.2f}"
        rows.append((name, column.name, meaning(column, design), sure))
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMN_HEADS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "  " + why
        for row, why in zip(rows, reasons, strict=True)
    ]


def clipped(name: str) -> str:
    """Return a raw column's name as it fits into the table."""
    plain = " ".join(name.split())
    return plain if len(plain) <= SHOWN_NAME else plain[: SHOWN_NAME - 3] + "..."


def key_line(table: TableGuess) -> str:
    """Say what tells the rows apart."""
    if table.key is None:
        return f"Key: none, {table.key_why}; a hash of the row is taken."
    return f"Key: '{table.key.facts.name}' ({table.key_why})."


def record_line(table: TableGuess, design: Design) -> str:
    """Say what a record of identity is."""
    if not design.identifiers:
        return "Records: none."
    what = "each row" if design.row_is_person else "the rows of one set of identifiers"
    return f"Records of people: {what} ({table.record_why})."


def checks(design: Design, rows_read: int) -> list[str]:
    """Return what a person should look at before building, one sentence each."""
    told: list[str] = []
    if rows_read < 20:
        told.append(f"Only {rows_read} rows were there to look at: every guess may be wrong.")
    told += key_checks(design)
    for column in design.columns:
        told += column_checks(column, design)
    if not design.identifiers:
        told.append(
            "No column identifies a person: the rows are counted and checked, but belong to no "
            "customer."
        )
    if not any(column.treatment == "time" and column.guess for column in design.columns):
        told.append("No column is a time: of rows with one key the first by their text is kept.")
    if (
        len([column for column in design.columns if column.treatment == "amount"])
        and design.metrics
    ):
        told.append("Amounts in `metrics` are added up whatever their currency.")
    if design.left_out:
        told.append(
            "Columns with template signs such as {{ in their names are left out: rename them "
            f"({len(design.left_out)} in all)."
        )
    return list(dict.fromkeys(told))


def key_checks(design: Design) -> list[str]:
    """Return what to look at about the key."""
    if design.key is None:
        return [
            "There is no key: a hash of the whole row is one, so that equal rows count once and a "
            "changed row is a new one."
        ]
    facts = design.key.guess.facts if design.key.guess else None
    if facts and (facts.distinct < facts.filled or facts.filled < facts.rows):
        return [
            f"Some rows repeat the key '{facts.name}' or have none: of rows with one key the "
            "latest is kept, rows without are quarantined."
        ]
    return []


def column_checks(column: StagedColumn, design: Design) -> list[str]:
    """Return what to look at about one column."""
    guess = column.guess
    if guess is None:
        if column.name == "country":
            return [
                "There is no country: numbers without a country code are read only where you map "
                "one, as in `country: {value: DE}`."
            ]
        return []
    facts, told = guess.facts, []
    raw = f"'{facts.name}'"
    if guess.kind.group == IDENTIFIER and not guess.is_identifier and not guess.is_second:
        told.append(f"{raw} may be a {guess.kind.title}; that is not sure enough to join by it.")
    if guess.is_second:
        told.append(f"{raw} is cleaned like {column.treatment} and joins nothing.")
    if column.treatment == "opt_in":
        told.append(
            f"{raw} stays in staging: consent counts in the contract consent.records, which may "
            "have an instance of the same file."
        )
    if column.is_namespaced:
        told += id_checks(column, design)
    if guess.kind.group == TIME or guess.kind.name == "date_of_birth":
        told += time_checks(column, raw)
    if guess.kind.group == MEASURE and facts.number_form == "thousands":
        told.append(f"A comma in {raw} is read as parting thousands.")
    if column.name in design.metrics and guess.sureness == "low":
        told.append(f"{raw} is added up only because it holds numbers: is it a code or a metric?")
    bad = 1 - facts.share(guess.kind.test)
    if column.treatment in ("integer", "amount", "decimal", "time") and bad > 0:
        fate = "such rows are quarantined" if column.is_judged else "they become null"
        told.append(f"{percent(bad)} of {raw} cannot be read: {fate}.")
    if guess.kind.name == "text" and 0.6 <= facts.share("number") < 1:
        told.append(f"{raw} is kept as text: {percent(1 - facts.share('number'))} are no numbers.")
    return told


def id_checks(column: StagedColumn, design: Design) -> list[str]:
    """Return what to look at about an id: what its values are compared with."""
    assert column.guess is not None
    facts, name = column.guess.facts, column.name
    namespace = design.namespaces.get(name, design.name.source)
    told = []
    if name in design.namespaces:
        told.append(
            f"'{facts.name}' has values known as {name} of '{namespace}', and is compared with "
            "them."
        )
    elif name not in design.new_types:
        told.append(
            f"'{facts.name}' is a {name} of its own ('{namespace}:...'), equal to no other "
            "system's; where two share the number, give both one namespace, as in "
            f"`namespaces: {{{name}: shop}}`."
        )
    if design.new_types.get(name) == "strong":
        told.append(f"'{facts.name}' is of a new type, {name}: strong, one value is one customer.")
    if design.new_types.get(name) == "group":
        told.append(
            f"'{facts.name}' is shown and joins nobody: the type {name} has the role group; make "
            "it strong in identity_policy if one value is one person."
        )
    if facts.distinct and facts.filled / facts.distinct > 1000:
        told.append(f"Few values of '{facts.name}' stand in very many rows: is it one person each?")
    return told


def time_checks(column: StagedColumn, raw: str) -> list[str]:
    """Return what to look at about a time."""
    assert column.guess is not None
    order = column.guess.facts.time_order
    if order == "ambiguous":
        return [f"{raw} is kept as text: its dates may begin with the day or with the month."]
    if column.treatment == "text":
        return [f"{raw} is kept as text: it is not written in ISO order; convert it in a view."]
    told = []
    if order != "iso":
        shown_order = order.replace("_", " ").replace("epoch ms", "epoch in milliseconds")
        told.append(f"{raw} is read as {shown_order}, by an expression in the instance.")
    if column.guess.facts.future_share >= FUTURE:
        told.append(f"{raw} has times to come: it is not judged, and says not when one was seen.")
    return told
