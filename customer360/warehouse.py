"""Publishes on a warehouse: builds beside what people read, and puts it in its place when tested.

The order of the steps is here; their SQL is in macros/publishing, where engines differ. Until the
last step nothing that people read is touched, so a process may be killed at any moment.
"""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from customer360.config import BuildConfig, utc_now
from customer360.errors import BuildError, ConfigError, Customer360Error, LockedError
from customer360.operations import OperationFailed, unreachable
from customer360.paths import Project
from customer360.published import Publication
from customer360.runner import Listener, RunReport
from customer360.targets import Target

# Longer than any build takes: a lock older than this was left by a process that was killed.
LOCK_HOURS = 12


class Warehouse(Protocol):
    """What the steps ask of a warehouse; operations.DbtWarehouse is one."""

    def call(self, macro: str, **arguments: Any) -> dict[str, Any]:
        """Run a macro of the project and return its answer; raises OperationFailed."""

    def build(self, schema: str, ending: str, listener: Listener, full_refresh: bool) -> RunReport:
        """Build and test all, the marts in a schema of this ending; raises if not all is well."""


@dataclass(frozen=True)
class Published:
    """What a warehouse says is published; `tables` are schema, name and rows."""

    publication: Publication | None
    tables: list[tuple[str, str, int]]


@dataclass(frozen=True)
class Begun:
    """A build that holds the lock: what is published, and where the next generation is built."""

    publication: Publication | None
    generation: int
    working_schema: str
    schema_ending: str


@dataclass(frozen=True)
class Origin:
    """What a generation is built from and with."""

    as_of: str
    is_sample_data: bool
    vars_hash: str
    code_version: str


def holder_of(project: Project) -> str:
    """Name this machine and folder; two builds in one folder never run at once."""
    machine = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname()) or "machine"
    folder = hashlib.sha256(str(project.home).encode()).hexdigest()[:8]
    return f"{machine}-{folder}"


def written(moment: datetime) -> str:
    """Write a UTC time so that later ones sort after earlier ones."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def read_time(text: str) -> datetime:
    """Read a UTC time that a warehouse wrote, with or without fractions and zone."""
    return datetime.fromisoformat(text[:19].replace("T", " "))


def publication_of(answer: Mapping[str, str] | None) -> Publication | None:
    """Read the record of a publication from a macro's answer."""
    if answer is None:
        return None
    return Publication(
        generation=int(answer["generation"]),
        published_at=read_time(answer["published_at"]),
        as_of=read_time(answer["as_of"]),
        invocation_id=answer["invocation_id"],
        is_sample_data=answer["is_sample_data"].lower() in ("true", "1"),
        vars_hash=answer["vars_hash"],
        code_version=answer["code_version"],
        table_count=int(answer["table_count"]),
        state_generation=int(answer["state_generation"]),
    )


def published_tables(answer: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Read the tables of a publication from a macro's answer."""
    return [(str(schema), str(name), int(rows)) for schema, name, rows in answer["tables"]]


def describe(warehouse: Warehouse, target: Target) -> Published:
    """Ask what is published; raises ConfigError where the warehouse cannot be asked."""
    try:
        answer = warehouse.call("describe_publication")
    except OperationFailed as failed:
        raise ConfigError(
            f"the target '{target.name}' cannot be read ({str(failed).rstrip('.')}); correct the "
            "connection or the grants (docs/warehouses.md)."
        ) from failed
    return Published(publication_of(answer["publication"]), published_tables(answer))


@contextmanager
def begun(
    warehouse: Warehouse, target: Target, holder: str, take_over: bool = False
) -> Iterator[Begun]:
    """Hold the warehouse's lock while the block lasts, and mend what a killed build left.

    Raises LockedError when another build holds it, ConfigError when the warehouse cannot be used.
    """
    now = utc_now()
    try:
        answer = warehouse.call(
            "begin_publication",
            holder=holder,
            now=written(now),
            expired_before=written(now - timedelta(hours=LOCK_HOURS)),
            take_over=take_over,
        )
    except OperationFailed as failed:
        if "already exists" in str(failed).lower():
            raise LockedError(
                f"Another build of the target '{target.name}' has begun in this very moment; "
                "wait for it."
            ) from failed
        raise unreachable(target.name, failed) from failed
    if "held" in answer:
        raise LockedError(
            f"Another build of the target '{target.name}' is running ({answer['held']['holder']}, "
            f"since {answer['held']['taken_at']} UTC); wait for it, or, when it is known to be "
            "dead, build with --take-over."
        )
    try:
        yield Begun(
            publication_of(answer["publication"]),
            answer["generation"],
            answer["working_schema"],
            answer["schema_ending"],
        )
    except BaseException:
        # What went wrong matters more than a lock, which the next build from here takes over.
        with suppress(Customer360Error):
            warehouse.call("release_build_lock", holder=holder)
        raise


def refuse_files(config: BuildConfig, target: Target) -> None:
    """Refuse raw files, which a warehouse does not see; raises ConfigError."""
    for instance in config.instances:
        if instance.file is not None:
            raise ConfigError(
                f"{instance.where} > file: {target.engine} reads tables, not files of this "
                "machine; load it into a table and name that as 'relation'."
            )


def refuse_sample_over_own(publication: Publication | None, is_sample: bool, target: str) -> None:
    """Keep the sample from taking the place of published data of the user's own."""
    if is_sample and publication is not None and not publication.is_sample_data:
        raise ConfigError(
            f"the target '{target}' holds published data of your own, which the sample would "
            "replace; set CUSTOMER360_SCHEMA to another schema for the sample."
        )


def refuse_unpublishable(report: RunReport) -> None:
    """Refuse marts that could not be published whole; raises BuildError."""
    if not report.relations:
        raise BuildError(
            "The build made no table in the marts' schema, so nothing was published; "
            "check the models under models/marts."
        )
    if report.views:
        raise BuildError(
            f"The mart '{report.views[0]}' is a view, which would go on reading the schema it was "
            "built in; nothing was published; materialize it as a table."
        )


def publish_on_warehouse(
    warehouse: Warehouse,
    holder: str,
    step: Begun,
    report: RunReport,
    origin: Origin,
) -> Published:
    """Put a tested generation in the place of the published one; raises BuildError.

    Every build that succeeds is a new generation: to tell that nothing changed, a warehouse would
    have to read, and bill, every mart twice.
    """
    refuse_unpublishable(report)
    tables = [name for _, name in report.relations]
    facts = {
        "generation": step.generation,
        "published_at": written(utc_now()),
        "as_of": origin.as_of,
        "invocation_id": report.invocation_id,
        "is_sample_data": str(origin.is_sample_data).lower(),
        "vars_hash": origin.vars_hash,
        "code_version": origin.code_version,
        "table_count": len(tables),
    }
    try:
        answer = warehouse.call(
            "publish_generation",
            holder=holder,
            working_schema=step.working_schema,
            tables=tables,
            facts=facts,
        )
    except OperationFailed as failed:
        raise BuildError(
            f"The marts were built, but publishing them failed ({str(failed).rstrip('.')}); "
            "`customer360 summary` tells which generation stands; build again."
        ) from failed
    return Published(
        publication_of({k: str(v) for k, v in {**facts, **answer["facts"]}.items()}),
        published_tables(answer),
    )
