"""The rehearsal of one engine: build, change the input, build again; what stood there each time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engines.rehearsal.engines import ENGINES, Account, Rows, Target, reading, started
from engines.rehearsal.inputs import POLICY, change, plant
from engines.rehearsal.project import Project, Relation, copied, write_profile

FOLDERS = (
    "models/marts/",
    "models/intermediate/identity/",
    "models/intermediate/state/",
)
# The text of the steps holds the engine's own names; bridges are prepared for Python models alone.
NOT_COMPARED = ("int_identity__steps", "int_identity__bridges_prepared")
# Columns that each engine, or each run, has of its own: a hash of times as text, the run's number.
OWN_COLUMNS = {
    "int_identity__gathered": ("record_hash",),
    "int_identity__records": ("record_hash",),
    "int_state__generation": ("invocation_id",),
}
# Columns that only a Python model fills.
BRIDGES = tuple(
    f"{end}_{part}"
    for end in ("bridge", "suspect")
    for part in ("record_key", "identifier_type", "identifier_value")
)
OF_PYTHON = {
    "int_identity__bridges": ("identity_confidence", *BRIDGES),
    "customer360_identity_audit": (
        "identity_confidence", "is_suspect", "suspect_reason", *BRIDGES,
    ),
    "customer360_profiles": ("identity_confidence",),
}  # fmt: skip
FIGURE_OF_PYTHON = "customers_with_suspect_bridge"
DRIVER = "int_identity__resolved_by_"
RESOLVED = "int_identity__resolved"
SETTINGS = {"identity_policy": POLICY}
# A break of the driver: what the later rounds found is not brought to the earlier ones' records.
COMPOSE = "coalesce(later.parent, earlier.parent) as parent"
NOT_COMPOSED = "earlier.parent as parent"


@dataclass(frozen=True)
class Build:
    """What one build did: status of each node, rows of each compared relation, seconds it took.

    mode: whether it worked out `all` or `changes`. generation: the last one after it.
    """

    nodes: Mapping[str, str]
    tables: Mapping[str, Rows]
    seconds: float
    mode: str
    generation: int

    @property
    def row_count(self) -> int:
        """Return how many rows the compared relations hold."""
        return sum(len(rows.rows) for rows in self.tables.values())


@dataclass(frozen=True)
class Rehearsed:
    """Both builds of an engine, and what each identity driver says of the second input.

    account: what the analyzer did in both builds. in_full: the second build once more, from the
    same state, with everything worked out anew; on the engine without a server only. by_driver:
    driver -> its rows, and under `broken` those of a driver broken on purpose.
    """

    engine: str
    keys: Mapping[str, tuple[str, ...]]
    builds: tuple[Build, ...]
    account: Account
    in_full: Build | None = None
    by_driver: Mapping[str, Rows] = field(default_factory=dict)

    @property
    def has_python(self) -> bool:
        """Tell whether Python models ran."""
        return "python" in self.by_driver

    def said_by_all(self, name: str, rows: Rows) -> Rows:
        """Return what this engine can say of a relation, of its own rows or another's."""
        if self.has_python:
            return rows
        kept = rows.without(OF_PYTHON.get(name, ()))
        if "figure" not in dict(kept.columns):
            return kept
        figures = kept.values("figure")
        told = zip(figures, kept.rows, strict=True)
        return Rows(kept.columns, [row for figure, row in told if figure != FIGURE_OF_PYTHON])


def rehearse(name: str, folder: Path) -> Rehearsed:
    """Rehearse an engine in a folder of its own.

    Raises project.BuildFailed when a build does, environments.EnvironmentNotMade and
    servers.ServerNotReady when it cannot begin.
    """
    with started(name, folder) as target:
        project = copied(folder / "project", target.profile("customer360"))
        plant(project.root)
        first = build(target, project)
        keys = {name: relation.key for name, relation in compared(project).items()}
        copy = None if target.engine.stands_in else keep_file(target, folder / "full")
        change(project.root)
        second = build(target, project)
        account = target.account()
        in_full = None if copy is None else build_in_full(name, copy, project, folder)
        by_driver = drivers(target, project)
        return Rehearsed(name, keys, (first, second), account, in_full, by_driver)


def build(target: Target, project: Project, *arguments: str) -> Build:
    """Build everything and read every compared relation."""
    start = time.monotonic()
    nodes = project.build(*arguments, variables=SETTINGS)
    seconds = time.monotonic() - start
    tables = {name: read(target, relation) for name, relation in compared(project).items()}
    beside = project.relations("models/intermediate/identity/")[RESOLVED].name
    ((mode,),) = target.rows(f"select mode from {sibling(beside, 'identity_working')}").rows
    state = state_rows(target, project)
    generations = state.pop("generations").values("generation_no")
    tables |= {f"state.{name}": rows for name, rows in state.items()}
    return Build(nodes, tables, seconds, str(mode), max(map(int, generations)))


def state_rows(target: Target, project: Project) -> dict[str, Rows]:
    """Return every table of the state."""
    return {
        source["name"]: target.rows(f"select * from {source['relation_name']}")
        for source in project.manifest["sources"].values()
        if source["source_name"] == "identity_state"
    }


def keep_file(target: Target, folder: Path) -> Path:
    """Copy the file of an engine that has one; the name of the file names its database."""
    folder.mkdir()
    return Path(shutil.copy(target.place, folder / Path(target.place).name))


def build_in_full(name: str, file: Path, project: Project, folder: Path) -> Build:
    """Build the present input in another file, with everything worked out anew."""
    with reading(ENGINES[name], str(file), folder / "full") as target:
        write_profile(project.root, target.profile("customer360"))
        try:
            return build(target, project, "--full-refresh")
        finally:
            write_profile(
                project.root, ENGINES[name].profile(str(folder / file.name), "customer360")
            )


def sibling(relation: str, name: str) -> str:
    """Return the name of a relation beside that of the resolved records."""
    return relation.replace(RESOLVED, name)


def read(target: Target, relation: Relation) -> Rows:
    """Return all rows of a relation, without columns that are each engine's own."""
    rows = target.rows(f"select * from {relation.name}")
    return rows.without(OWN_COLUMNS.get(relation.model, ()))


def compared(project: Project) -> dict[str, Relation]:
    """Return the relations that are to be equal on every engine."""
    return {
        name: relation
        for name, relation in project.relations(*FOLDERS).items()
        if name not in NOT_COMPARED and not name.startswith(DRIVER)
    }


def drivers(target: Target, project: Project) -> dict[str, Rows]:
    """Return what each driver that ran says, by its name; then run the macro, whole and broken.

    The links are as the last build left them: every driver is asked the same.
    """
    relations = project.relations("models/intermediate/identity/", "python_models/identity/")
    found = {
        name.removeprefix(DRIVER): read(target, relation)
        for name, relation in relations.items()
        if name.startswith(DRIVER)
    }
    beside = relations[RESOLVED].name
    macro = Relation(f"{DRIVER}macro", beside.replace(RESOLVED, f"{DRIVER}macro"), ("record_no",))
    if "macro" not in found:
        found["macro"] = driven(target, project, macro)
    break_driver(project)
    return {**found, "broken": driven(target, project, macro)}


def driven(target: Target, project: Project, macro: Relation) -> Rows:
    """Run the identity rounds by the macro; return what it says."""
    settings = {**SETTINGS, "identity_driver": "macro"}
    project.dbt("run", "--select", macro.model, variables=settings)
    return read(target, macro)


def break_driver(project: Project) -> None:
    """Break a statement of the rounds in a copy; it must still be written like that."""
    path = project.root / "macros/identity/connect_members.sql"
    text = path.read_text("utf-8")
    assert text.count(COMPOSE) == 1, "the statement to break has another text now"
    path.write_text(text.replace(COMPOSE, NOT_COMPOSED), "utf-8")
