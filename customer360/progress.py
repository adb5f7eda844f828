"""Shows a run while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from customer360.runner import Listener, NodeEvent

# A line now and then shows that a log in CI is alive, without filling it.
SECONDS_BETWEEN_LINES = 10.0


class PlainLines:
    """Writes how many nodes are done, at most every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = time.monotonic()

    def __call__(self, event: NodeEvent) -> None:
        """Take one step of the run."""
        now = time.monotonic()
        if event.kind == "finish" and now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            total = f" of {event.total}" if event.total else ""
            self._console.print(f"{event.done}{total} nodes done", highlight=False)


@contextmanager
def shown_progress(console: Console) -> Iterator[Listener]:
    """Give the listener of a run; the bar goes away with the block."""
    if not console.is_terminal:
        yield PlainLines(console)
        return
    columns = (
        TextColumn("Building"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[node]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("build", total=None, node="reading the project")

        def listen(event: NodeEvent) -> None:
            bar.update(task, total=event.total, completed=event.done)
            if event.kind == "start":
                bar.update(task, node=event.node)

        yield listen
