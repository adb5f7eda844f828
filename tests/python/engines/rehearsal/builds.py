"""The rehearsal of one engine: build, change the input, build again; what stood there each time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engines.rehearsal.engines import Account, Rows, Target, started
from engines.rehearsal.inputs import change, plant
from engines.rehearsal.project import Project, Relation, copied

FOLDERS = ("models/marts/", "models/intermediate/identity/")
# The text of the statements holds the engine's own names.
NOT_COMPARED = "int_identity__statements"
DRIVER = "int_identity__components_by_"
COMPONENTS = "int_identity__components"
# A break of the driver: what the later rounds found is not brought to the earlier ones' records.
COMPOSE = "coalesce(later.parent, earlier.parent) as parent"
NOT_COMPOSED = "earlier.parent as parent"


@dataclass(frozen=True)
class Build:
    """What one build did: status of each node, rows of each compared relation, seconds it took."""

    nodes: Mapping[str, str]
    tables: Mapping[str, Rows]
    seconds: float

    @property
    def row_count(self) -> int:
        """Return how many rows the compared relations hold."""
        return sum(len(rows.rows) for rows in self.tables.values())


@dataclass(frozen=True)
class Rehearsed:
    """Both builds of an engine, and what each identity driver says of the second input.

    account: what the analyzer did in both builds. by_driver: driver -> its rows, and under `broken`
    those of a driver broken on purpose.
    """

    engine: str
    keys: Mapping[str, tuple[str, ...]]
    builds: tuple[Build, ...]
    account: Account
    by_driver: Mapping[str, Rows] = field(default_factory=dict)


def rehearse(name: str, folder: Path) -> Rehearsed:
    """Rehearse an engine in a folder of its own.

    Raises project.BuildFailed when a build does, environments.EnvironmentNotMade and
    servers.ServerNotReady when it cannot begin.
    """
    with started(name, folder) as target:
        project = copied(folder / "project", target.profile("customer360"))
        plant(project.root)
        first = build(target, project)
        change(project.root)
        second = build(target, project)
        keys = {name: relation.key for name, relation in compared(project).items()}
        account = target.account()
        return Rehearsed(name, keys, (first, second), account, drivers(target, project))


def build(target: Target, project: Project) -> Build:
    """Build everything and read every compared relation."""
    start = time.monotonic()
    nodes = project.build()
    seconds = time.monotonic() - start
    tables = {name: read(target, relation) for name, relation in compared(project).items()}
    return Build(nodes, tables, seconds)


def read(target: Target, relation: Relation) -> Rows:
    """Return all rows of a relation."""
    return target.rows(f"select * from {relation.name}")


def compared(project: Project) -> dict[str, Relation]:
    """Return the relations that are to be equal on every engine."""
    return {
        name: relation
        for name, relation in project.relations(*FOLDERS).items()
        if name != NOT_COMPARED and not name.startswith(DRIVER)
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
    beside = relations[COMPONENTS].name
    macro = Relation(f"{DRIVER}macro", beside.replace(COMPONENTS, f"{DRIVER}macro"), ("record_no",))
    if "macro" not in found:
        found["macro"] = driven(target, project, macro)
    break_driver(project)
    return {**found, "broken": driven(target, project, macro)}


def driven(target: Target, project: Project, macro: Relation) -> Rows:
    """Run the identity rounds by the macro; return what it says."""
    project.dbt("run", "--select", macro.model, variables={"identity_driver": "macro"})
    return read(target, macro)


def break_driver(project: Project) -> None:
    """Break a statement of the rounds in a copy; it must still be written like that."""
    path = project.root / "macros/identity/identity_statements.sql"
    text = path.read_text("utf-8")
    assert text.count(COMPOSE) == 1, "the statement to break has another text now"
    path.write_text(text.replace(COMPOSE, NOT_COMPOSED), "utf-8")
