"""The analyzer's own process."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analyzer.protocol import Protocol, Service

START_SECONDS = 30.0


@contextmanager
def running(folder: Path) -> Iterator[Service]:
    """Run the analyzer that fetch_analyzer.py put into a folder while the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [folder / "server", "localhost", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        service = Service(Protocol(folder / "protocol.fds"), port)
        service.wait(START_SECONDS)
        yield service
    finally:
        process.kill()
        process.wait()
