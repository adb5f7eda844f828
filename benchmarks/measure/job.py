"""One contestant on one given file, in a process of its own: what it took and what it left."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from measure.given import Given
from measure.settings import BENCHMARKS, Settings

FINISHED, UNFINISHED, STOPPED, FAILED = "finished", "unfinished", "stopped", "failed"


@dataclass(frozen=True)
class Job:
    """What the process of a contestant is told; folders are absolute."""

    contestant: str
    links: str
    statements: str
    folder: str
    threads: int
    memory_limit: str

    @property
    def work_file(self) -> Path:
        """The DuckDB file that it works in; its name is the database's name in our statements."""
        return work_file_in(Path(self.folder))

    @property
    def outcome_file(self) -> Path:
        """Where it says what it took."""
        return Path(self.folder) / "outcome.json"


@dataclass(frozen=True)
class Outcome:
    """What one run took.

    wall, cpu: seconds of the work alone, from the open connection to the closed file; what Python
    needs to start and to import is in process_cpu. peak_mb: most memory of the whole process;
    None where it was stopped. note: why it is not finished.
    """

    state: str
    wall: float
    cpu: float
    process_cpu: float
    peak_mb: float | None
    note: str | None = None


def work_file_in(folder: Path) -> Path:
    """The working file of the job that last ran in a folder."""
    return folder / "work.duckdb"


def run_job(contestant: str, given: Given, settings: Settings, folder: Path) -> Outcome:
    """Run a contestant in an empty folder, which then holds its working file.

    A run over the time limit is stopped, with all the processes it may have started.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    job = Job(
        contestant,
        str(given.links.resolve()),
        str(given.statements.resolve()),
        str(folder.resolve()),
        settings.threads,
        settings.memory_limit,
    )
    (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    before, began = children_cpu(), time.perf_counter()
    returned, error = run_child(folder / "job.json", settings)
    wall, cpu = time.perf_counter() - began, children_cpu() - before
    if returned is None:
        note = f"stopped after {settings.time_limit:.0f} s"
        return Outcome(STOPPED, wall, cpu, cpu, None, note)
    if returned != 0 or not job.outcome_file.exists():
        lines = error.strip().splitlines() or [f"ended with {returned}"]
        return Outcome(FAILED, wall, cpu, cpu, None, lines[-1][:300])
    told = json.loads(job.outcome_file.read_text(encoding="utf-8"))
    return Outcome(process_cpu=cpu, **told)


def run_child(job_file: Path, settings: Settings) -> tuple[int | None, str]:
    """Run the process; return its exit code, None where it was stopped, and what it complained."""
    process = subprocess.Popen(
        [sys.executable, "-m", "measure.child", str(job_file)],
        env=child_environment(settings.threads),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, error = process.communicate(timeout=settings.time_limit)
    except subprocess.TimeoutExpired:
        end_session(process)
        return None, ""
    except BaseException:
        end_session(process)
        raise
    return process.returncode, error


def end_session(process: subprocess.Popen[str]) -> None:
    """End a process and what it started, and wait for it."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def child_environment(threads: int) -> dict[str, str]:
    """The caller's environment, with as many threads for compiled libraries as for DuckDB."""
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    own = {"PYTHONPATH": str(BENCHMARKS), "DO_NOT_TRACK": "1"}
    return {**os.environ, **own, **dict.fromkeys(limits, str(threads))}


def children_cpu() -> float:
    """CPU seconds of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
