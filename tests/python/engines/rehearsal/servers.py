"""Start a stand-in for a warehouse on this machine, wait until it answers, stop it again."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1


class ServerNotReady(RuntimeError):
    """A server ended or did not answer in time; the message holds the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running stand-in: where it listens, the environment it runs in, what it wrote."""

    name: str
    port: int
    python: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return its address, without a path."""
        return f"http://{HOST}:{self.port}"

    def log_end(self, characters: int = 4000) -> str:
        """Return the end of what it wrote to standard output and error."""
        return self.log.read_text("utf-8", "replace")[-characters:]


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str = "/") -> bool:
    """Tell whether an HTTP server answers there; any status but an error of its own will do."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def running(
    name: str,
    python: Path,
    arguments: Callable[[int], Sequence[str]],
    log: Path,
    *,
    ready_path: str = "/",
    env: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run `python *arguments(port)` on a free port while the block lasts.

    ready_path: asked again and again until it answers with a status below 500.
    env: added to this process's environment.
    Raises ServerNotReady when it ends early or has not answered after START_SECONDS.
    """
    port = free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(python), *arguments(port)],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    server = Server(name, port, python, log, process)
    try:
        wait_until_ready(server, ready_path)
        yield server
    finally:
        stop(process)


def wait_until_ready(server: Server, ready_path: str) -> None:
    """Return as soon as a server answers. Raises ServerNotReady."""
    end = time.monotonic() + START_SECONDS
    while not answers(server.port, ready_path):
        if server.process.poll() is not None:
            raise ServerNotReady(f"{server.name} ended at its start:\n{server.log_end()}")
        if time.monotonic() > end:
            raise ServerNotReady(f"{server.name} does not answer:\n{server.log_end()}")
        time.sleep(POLL_SECONDS)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process of ours: asked first, killed when it does not listen."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
