"""Fixtures of the rehearsal: environments, running engines, whole builds, figures at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from engines.rehearsal import cases, environments
from engines.rehearsal.builds import Rehearsed, rehearse
from engines.rehearsal.engines import ENGINES, Target, started
from engines.rehearsal.pipes import Pipe

FIGURES = pytest.StashKey[list[str]]()
# Two engines build at a time: a build keeps one core busy.
BUILDERS = 2


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(Collector(), "rehearsal_figures")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the figures of a worker over to the process that writes the summary."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["figures"] = config.stash[FIGURES]


class Collector:
    """Takes the figures of the workers, where there are some."""

    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker that has ended handed over."""
        node.config.stash[FIGURES].extend(getattr(node, "workeroutput", {}).get("figures", []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the figures when all is over, where the one who ran it looks."""
    if config.stash[FIGURES]:
        terminalreporter.section("rehearsal")
        for line in config.stash[FIGURES]:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines to be shown at the end of the session."""
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session", autouse=True)
def _environments() -> None:
    """Everything the rehearsal needs; where an environment cannot be made every test fails."""
    for name in environments.names():
        environments.make(name)


@pytest.fixture(scope="session")
def target_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Target]]:
    """Give a function that gives a running engine by name, each started once."""
    running: dict[str, Target] = {}
    with ExitStack() as stack:

        def give(name: str) -> Target:
            if name not in running:
                folder = tmp_path_factory.mktemp(f"{name}-target")
                running[name] = stack.enter_context(started(name, folder))
            return running[name]

        yield give


@pytest.fixture(params=list(ENGINES))
def target(request: pytest.FixtureRequest, target_of: Callable[[str], Target]) -> Target:
    """One running engine after the other."""
    return target_of(request.param)


@pytest.fixture(scope="session")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    """The process in which dbt renders macros."""
    with cases.rendering(tmp_path_factory.mktemp("renderer")) as pipe:
        yield pipe


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Rehearsed]]:
    """Give a function that gives the builds of an engine; the engines build beside each other."""
    with ThreadPoolExecutor(BUILDERS) as builders:
        # The stand-ins first: they take longest.
        building: dict[str, Future[Rehearsed]] = {
            name: builders.submit(rehearse, name, tmp_path_factory.mktemp(name))
            for name in reversed(list(ENGINES))
        }
        yield lambda name: building[name].result()
