"""The table of macro cases: read, rendered for an engine by dbt, and asked of the engine.

A group of macro_cases.yml is one construct:

    name        what it is called in the output
    columns     name to class of the inputs; one text column `value` where left out
    rows_are    what the cases are: `values` (an expression for each row, the default), `groups` (an
                aggregate for each list of rows), or `tables` (a query over the relation `given`)
    steps       Jinja: the expression, or query; of several, each is the next one's column `value`
    returns     class of the answer; for `tables` a class for each column
    cases       `values`: inputs and the expected value, in one list; `groups`: {rows, answer};
                `tables`: {rows, answer} with a list of rows, in any order

Classes are those of reader.py.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from engines.rehearsal.compare import same, written
from engines.rehearsal.engines import Engine, Refused, Row, Target
from engines.rehearsal.pipes import Pipe
from engines.rehearsal.project import ROOT, write_profile

TABLE = Path(__file__).resolve().parents[1] / "macro_cases.yml"
MODEL = "macro_cases"
SPLIT = "-- macro case "
# What a case of a class may be written as in the table.
WRITTEN: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "decimal": (int, float, str),
    "float": (int, float),
    "boolean": (bool,),
    "timestamp": (dt.datetime,),
    "date": (dt.date,),
    "list": (list,),
}


class NotRendered(RuntimeError):
    """dbt did not compile the cases."""


@dataclass(frozen=True)
class Case:
    """Rows that go in and what is to come out: a value, or for `tables` a list of rows."""

    rows: list[Row]
    answer: Any


@dataclass(frozen=True)
class Group:
    """The cases of one construct."""

    name: str
    columns: Mapping[str, str]
    rows_are: str
    steps: Sequence[str]
    returns: Sequence[str]
    cases: Sequence[Case]


def value_of(value: Any, kind: str) -> Any:
    """Return a value of the table as the plain value of its class. Raises ValueError."""
    if value is None:
        return None
    if not isinstance(value, WRITTEN[kind]) or (kind == "integer" and isinstance(value, bool)):
        raise ValueError(f"{value!r} is no {kind}")
    if kind == "decimal":
        return Decimal(str(value))
    return float(str(value)) if kind == "float" else value


def read_group(entry: Mapping[str, Any]) -> Group:
    """Read an entry of the table. Raises ValueError for a value of another class."""
    columns = entry.get("columns", {"value": "text"})
    rows_are = entry.get("rows_are", "values")
    steps, returns = as_list(entry["steps"]), as_list(entry["returns"])

    def row(values: Sequence[Any], kinds: Sequence[str]) -> Row:
        return tuple(value_of(value, kind) for value, kind in zip(values, kinds, strict=True))

    cases = []
    for case in entry["cases"]:
        if rows_are == "values":
            *inputs, answer = case
            case = {"rows": [inputs], "answer": answer}
        rows = [row(values, list(columns.values())) for values in case["rows"]]
        answer = case["answer"]
        if rows_are == "tables":
            cases.append(Case(rows, [row(values, returns) for values in answer]))
        else:
            cases.append(Case(rows, value_of(answer, returns[0])))
    return Group(entry["name"], columns, rows_are, steps, returns, cases)


def as_list(value: Any) -> list[str]:
    """Return a list as it is and anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def read_table(path: Path = TABLE) -> list[Group]:
    """Read the whole table; names are unique."""
    groups = [read_group(entry) for entry in yaml.safe_load(path.read_text("utf-8"))]
    assert len({group.name for group in groups}) == len(groups), "two groups of one name"
    return groups


# --- rendered -------------------------------------------------------------------------------------


def macro_project(folder: Path, profile: Mapping[str, Any]) -> Path:
    """Make a dbt project of nothing but the macros and settings, to render cases in."""
    for source in sorted(ROOT.glob("macros/**/*.sql")):
        copy = folder / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    shutil.copy(ROOT / "dbt_project.yml", folder)
    (folder / "models").mkdir()
    write_profile(folder, profile)
    return folder


@contextmanager
def rendering(folder: Path) -> Iterator[Pipe]:
    """Run a process that renders while the block lasts; the folder is for its log."""
    renderer = Pipe(Path(__file__).with_name("renderer.py"), log=folder / "renderer.log")
    try:
        yield renderer
    finally:
        renderer.close()


def render(renderer: Pipe, project: Path, groups: Sequence[Group]) -> dict[str, list[str]]:
    """Render the steps of groups: name of the group -> SQL. Raises NotRendered."""
    steps = [(group.name, step) for group in groups for step in group.steps]
    text = "\n".join(f"{SPLIT}{name}\n{step}" for name, step in steps)
    (project / "models" / f"{MODEL}.sql").write_text(text, "utf-8")
    outcome, sql = renderer.ask((str(project), MODEL))
    if outcome == "error":
        raise NotRendered(sql)
    parts = re.split(rf"^{SPLIT}(.+)$", sql, flags=re.MULTILINE)
    assert parts[1::2] == [name for name, _ in steps], "a step swallowed another's marker"
    rendered: dict[str, list[str]] = {group.name: [] for group in groups}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        rendered[name].append(body.strip())
    return rendered


# --- asked ----------------------------------------------------------------------------------------


def inline(engine: Engine, group: Group, cases: Mapping[int, Case]) -> str:
    """Return a query that gives the input rows of some cases, beside the number of their case."""
    selects = []
    for number, case in cases.items():
        for row in case.rows:
            cells = [
                f"{engine.literal(value, kind)} as {name}"
                for value, (name, kind) in zip(row, group.columns.items(), strict=True)
            ]
            selects.append(", ".join([f"select {number} as case_no", *cells]))
    return " union all ".join(selects)


def query(engine: Engine, group: Group, rendered: Sequence[str], cases: Mapping[int, Case]) -> str:
    """Return the query that answers some cases: case_no and answer, or the rows of a table."""
    given = f"given as ({inline(engine, group, cases)})"
    if group.rows_are == "tables":
        return f"with {given} {rendered[-1]}"
    others = [name for name in group.columns if name != "value"]
    relation = "given"
    for step in rendered[:-1]:
        columns = ", ".join(["case_no", f"{step} as value", *others])
        relation = f"(select {columns} from {relation} as given)"
    grouped = " group by case_no" if group.rows_are == "groups" else ""
    answer = f"{rendered[-1]} as answer"
    return f"with {given} select case_no, {answer} from {relation} as given{grouped}"


def ask(target: Target, group: Group, rendered: Sequence[str]) -> list[str | None]:
    """Ask all cases of a group; return for each the fault, or none where it is as expected."""
    everything = dict(enumerate(group.cases))
    if group.rows_are == "tables":
        return [ask_table(target, group, rendered, number) for number in everything]
    try:
        answer = target.rows(query(target.engine, group, rendered, everything))
    except Refused as refusal:
        return [f"refused: {str(refusal)[:600]}" for _ in everything]
    kind = dict(answer.columns)["answer"]
    found = dict(zip(answer.values("case_no"), answer.values("answer"), strict=True))
    return [
        judge(case, kind, group.returns[0], found.get(number, "no row"))
        for number, case in everything.items()
    ]


def judge(case: Case, kind: str, wanted: str, found: Any) -> str | None:
    """Return what is wrong with the answer to a case, if anything."""
    if kind != wanted:
        return f"{case.rows!r}: {kind}, not {wanted}"
    if not same(case.answer, found):
        return f"{case.rows!r}: {found!r}, not {case.answer!r}"
    return None


def ask_table(target: Target, group: Group, rendered: Sequence[str], number: int) -> str | None:
    """Ask one case that answers with rows; return the fault, if any."""
    case = group.cases[number]
    try:
        answer = target.rows(query(target.engine, group, rendered, {number: case}))
    except Refused as refusal:
        return f"refused: {str(refusal)[:600]}"
    kinds = [kind for _, kind in answer.columns]
    if kinds != list(group.returns):
        return f"{case.rows!r}: columns are {kinds}, not {list(group.returns)}"
    if sorted(map(written, answer.rows)) != sorted(map(written, case.answer)):
        return f"{case.rows!r}: {answer.rows!r}, not {case.answer!r}"
    return None
