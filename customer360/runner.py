"""Runs `dbt build` in this process and judges whether really everything succeeded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from customer360.errors import BuildError, ConfigError, Customer360Error, LockedError
from customer360.messages import paragraph, safe_reason, sentence
from customer360.paths import Project
from customer360.workfile import is_lock_conflict

# Unit tests judge the project's SQL on rows of their own, never the user's data: `make test` and a
# plain `dbt build` run them.
LEFT_OUT = "unit_test"
NODE_TYPES = ("model", "seed", "snapshot", "test")
STAGING = "models/staging"
GOOD = ("success", "pass", "warn")
BUILT_TYPES = ("model", "seed", "snapshot")
MARTS_SCHEMA = "customer360"


@dataclass(frozen=True)
class NodeEvent:
    """A step of the run: a node began or ended; `total` is None while dbt has not counted yet."""

    kind: str
    node: str
    done: int
    total: int | None
    status: str | None = None


Listener = Callable[[NodeEvent], None]


@dataclass(frozen=True)
class NodeResult:
    """How one node of the project ended; `message` is dbt's own and may hold data."""

    unique_id: str
    status: str
    failures: int | None
    message: str | None


@dataclass(frozen=True)
class RunReport:
    """A run in which everything succeeded."""

    invocation_id: str
    relations: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    node_count: int
    views: tuple[str, ...] = ()


@dataclass
class Progress:
    """Turns dbt's events into NodeEvents; dbt calls it from several threads at once."""

    listener: Listener
    manifest_file: Path
    idle: tuple[str, ...] = ()
    total: int | None = None
    finished: set[str] = field(default_factory=set)

    def __call__(self, event: Any) -> None:
        """Take one event of dbt."""
        name = event.info.name
        if name == "ConcurrencyLine":
            # Not dbt's own count, which knows nothing of the project's other nodes.
            manifest = json.loads(self.manifest_file.read_text(encoding="utf-8"))
            self.total = len(expected_nodes(manifest, self.idle))
        elif name in ("NodeStart", "NodeFinished"):
            info = event.data.node_info
            if info.resource_type not in NODE_TYPES:
                return
            status = None
            if name == "NodeFinished":
                self.finished.add(info.unique_id)
                status = str(info.node_status)
            kind = "start" if name == "NodeStart" else "finish"
            done = len(self.finished)
            self.listener(NodeEvent(kind, info.node_name, done, self.total, status))


def common_arguments(
    project: Project, variables: Mapping[str, Any], target: str, target_dir: Path
) -> list[str]:
    """Spell out every folder and switch, so that nobody's environment changes what dbt does."""
    arguments = ["--project-dir", str(project.root), "--profiles-dir", str(project.root)]
    arguments += ["--target", target, "--target-path", str(target_dir)]
    arguments += [
        "--log-path",
        str(project.log_dir),
        "--log-level",
        "none",
        "--log-level-file",
        "debug",
    ]
    arguments += [
        "--quiet",
        "--no-use-colors",
        "--no-send-anonymous-usage-stats",
        "--no-version-check",
    ]
    return [*arguments, "--vars", json.dumps(variables, default=str)]


def idle_folders(project: Project, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folders of staging none of whose raw tables the user has; none for the sample.

    Their models are built, empty, because others read them; to test them would show nothing.
    """
    sources = variables.get("sources")
    if variables.get("include_sample_data", True) or not isinstance(sources, Mapping):
        return ()
    used = {contract.partition(".")[0] for contract, instances in sources.items() if instances}
    folders = (project.root / STAGING).iterdir()
    return tuple(
        sorted(
            f"{STAGING}/{each.name}" for each in folders if each.is_dir() and each.name not in used
        )
    )


def dbt_arguments(
    project: Project,
    variables: Mapping[str, Any],
    target: str,
    full_refresh: bool,
    idle: Sequence[str] = (),
) -> list[str]:
    """Return the arguments of `dbt build`; `idle` are folders whose tests are left out."""
    arguments = ["build", *common_arguments(project, variables, target, project.target_dir)]
    arguments += ["--exclude-resource-type", LEFT_OUT]
    if idle:
        # Else the tests of other models that also look at an idle one would be left out with it.
        arguments += ["--indirect-selection", "empty", "--exclude"]
        arguments += [f"resource_type:test,path:{folder}" for folder in idle]
    return [*arguments, "--full-refresh"] if full_refresh else arguments


@contextmanager
def dbt_environment(project: Project) -> Iterator[None]:
    """Give dbt the absolute home, and undo afterwards what dbt does to this process."""
    before, folder = dict(os.environ), Path.cwd()
    os.environ["CUSTOMER360_HOME"] = str(project.home)
    os.environ["DO_NOT_TRACK"] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.chdir(folder)


def release_connections() -> None:
    """Let go of the working file: dbt's adapter keeps it open for as long as the process lives."""
    from dbt.adapters import factory
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    # dbt's functions are not typed.
    adapters: Any = factory
    manager: Any = DuckDBConnectionManager
    adapters.cleanup_connections()
    adapters.reset_adapters()
    manager.close_all_connections()


def invoke_dbt(project: Project, arguments: Sequence[str], listener: Callable[[Any], None]) -> Any:
    """Run a command of dbt in this process and return its outcome; `listener` takes its events.

    Raises KeyboardInterrupt where it was interrupted, and ConfigError or LockedError where dbt
    could not start; that something in it failed is for the caller to see.
    """
    # Half a second that no other command needs to spend.
    from dbt.cli.main import dbtRunner

    with dbt_environment(project):
        try:
            outcome = dbtRunner(callbacks=[listener]).invoke(list(arguments))
        finally:
            release_connections()
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise KeyboardInterrupt
    if outcome.exception is not None:
        raise start_error(outcome.exception)
    return outcome


def read_manifest(project: Project) -> dict[str, Any]:
    """Read what dbt wrote of the project's nodes in its last command."""
    text = (project.target_dir / "manifest.json").read_text(encoding="utf-8")
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def run_dbt(
    project: Project,
    variables: Mapping[str, Any],
    listener: Listener,
    target: str = "dev",
    full_refresh: bool = False,
    marts_schema: str = MARTS_SCHEMA,
) -> RunReport:
    """Run `dbt build` and return its report; raises an error with one sentence if not all is well.

    ConfigError: dbt could not start (parsing, profile, the project's own validation).
    LockedError: another program holds the working file. BuildError: a node failed.
    """
    idle = idle_folders(project, variables)
    progress = Progress(listener, project.target_dir / "manifest.json", idle)
    arguments = dbt_arguments(project, variables, target, full_refresh, idle)
    outcome = invoke_dbt(project, arguments, progress)
    return judge(read_manifest(project), read_results(outcome.result), marts_schema, idle)


def start_error(error: BaseException) -> Customer360Error:
    """Turn an exception that ended dbt before its nodes ran into one sentence."""
    text = str(error)
    if is_lock_conflict(Exception(text)):
        return LockedError(
            "Another program has the working file 'work.duckdb' open; close it and build again."
        )
    told = paragraph(text) if type(error).__module__.startswith("dbt") else safe_reason(text)
    if type(error).__name__ == "UninstalledPackagesFoundError":
        return ConfigError("The dbt packages are not installed; run `make setup`.")
    if told and type(error).__name__ == "CompilationError":
        # Raised by a macro of the project or of a package: it has said what to do.
        return ConfigError(f"{sentence(told)} Nothing was published.")
    return ConfigError(
        f"dbt could not read the project: {sentence(told or type(error).__name__)} "
        "Nothing was published; correct that and build again."
    )


def read_results(result: Any) -> list[NodeResult]:
    """Take the results of a run out of dbt's objects."""
    return [
        NodeResult(
            unique_id=str(getattr(each, "unique_id", None) or each.node.unique_id),
            status=str(getattr(each.status, "value", each.status)),
            failures=each.failures,
            message=each.message,
        )
        for each in result.results
    ]


def expected_nodes(
    manifest: Mapping[str, Any], idle: Sequence[str] = ()
) -> dict[str, Mapping[str, Any]]:
    """List every node a full build must bring to success: what the manifest holds and runs."""
    return {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in NODE_TYPES
        and node.get("config", {}).get("materialized") != "ephemeral"
        and node.get("config", {}).get("enabled", True)
        and not is_idle_test(node, idle)
    }


def is_idle_test(node: Mapping[str, Any], idle: Sequence[str]) -> bool:
    """Whether a node is a test declared in one of the folders."""
    place = str(node.get("original_file_path", ""))
    return node["resource_type"] == "test" and any(place.startswith(f"{each}/") for each in idle)


def mart_relations(
    manifest: Mapping[str, Any], schema: str = MARTS_SCHEMA
) -> tuple[tuple[str, str], ...]:
    """List what stands in the marts' schema, by the manifest: leftovers are never published."""
    return tuple(
        sorted(
            (str(node["schema"]), str(node.get("alias") or node["name"]))
            for node in expected_nodes(manifest).values()
            if node["resource_type"] in BUILT_TYPES and node["schema"] == schema
        )
    )


def mart_views(manifest: Mapping[str, Any], schema: str) -> tuple[str, ...]:
    """List the marts that are views, by the manifest."""
    return tuple(
        sorted(
            str(node["name"])
            for node in expected_nodes(manifest).values()
            if node["resource_type"] == "model"
            and node["schema"] == schema
            and node.get("config", {}).get("materialized") == "view"
        )
    )


def judge(
    manifest: Mapping[str, Any],
    results: Sequence[NodeResult],
    marts_schema: str = MARTS_SCHEMA,
    idle: Sequence[str] = (),
) -> RunReport:
    """Compare the successes with everything the project holds: 'all results are fine' is less."""
    by_id = {result.unique_id: result for result in results}
    for result in results:
        if result.unique_id.startswith("operation.") and result.status not in GOOD:
            raise hook_error(result)
    expected = expected_nodes(manifest, idle)
    bad = [by_id[key] for key in expected if key in by_id and by_id[key].status not in GOOD]
    missing = [key for key in expected if key not in by_id]
    if bad or missing:
        raise failure(expected, bad, missing)
    warnings = tuple(
        f"{node_label(expected[key])} warns"
        + (f" ({rows_text(by_id[key].failures)})" if by_id[key].failures else "")
        for key in expected
        if by_id[key].status == "warn"
    )
    invocation_id = str(manifest["metadata"]["invocation_id"])
    return RunReport(
        invocation_id,
        mart_relations(manifest, marts_schema),
        warnings,
        len(expected),
        mart_views(manifest, marts_schema),
    )


def hook_error(result: NodeResult) -> Customer360Error:
    """Turn a failed hook into an error; at the start of a run it judges the configuration."""
    told = sentence(safe_reason(result.message))
    if "on-run-start" in result.unique_id:
        return ConfigError(told)
    return BuildError(f"A step at the end of the run failed: {told} Nothing was published.")


def rows_text(count: int | None) -> str:
    """Write a number of rows."""
    return "1 row" if count == 1 else f"{count or 0:,} rows"


def node_label(node: Mapping[str, Any]) -> str:
    """Name a node as people know it."""
    kind = str(node["resource_type"]).replace("_", " ")
    return f"{kind} '{node['name']}'"


def failure(
    expected: Mapping[str, Mapping[str, Any]], bad: Sequence[NodeResult], missing: Sequence[str]
) -> Customer360Error:
    """Say which node failed first and what to do about it."""
    causes = [result for result in bad if result.status != "skipped"]
    if not causes:
        names = [node_label(expected[key]) for key in missing] or [
            node_label(expected[result.unique_id]) for result in bad
        ]
        return BuildError(
            f"{len(names)} of {len(expected)} nodes did not run, the first is {names[0]}; "
            "nothing was published; look into logs/dbt.log and build again."
        )
    # What could not be built explains the tests that failed after it.
    first = min(causes, key=lambda result: result.status == "fail")
    if is_lock_conflict(Exception(first.message or "")):
        return LockedError(
            "Another program has the working file 'work.duckdb' open; close it and build again."
        )
    label = node_label(expected[first.unique_id])
    if first.status == "fail":
        rows = f" for {rows_text(first.failures)}" if first.failures else ""
        told = f"The {label} failed{rows}"
        advice = f"look at it with `dbt test --select {expected[first.unique_id]['name']}`"
    else:
        told = f"The {label} could not be built: {safe_reason(first.message).rstrip('.')}"
        advice = "the whole message is in logs/dbt.log"
    more = len(causes) - 1
    others = f" ({more} more failed)" if more else ""
    return BuildError(f"{told}{others}; nothing was published; {advice}.")
