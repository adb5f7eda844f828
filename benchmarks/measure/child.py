"""The process of one contestant: `python -m measure.child job.json`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import duckdb

from measure.contestants import ALL
from measure.job import FINISHED, UNFINISHED, Job

STATUS = Path("/proc/self/status")


def open_work(job: Job) -> duckdb.DuckDBPyConnection:
    """Connect to an empty working file with the given file attached; as the project's profile."""
    connection = duckdb.connect(
        str(job.work_file),
        config={
            "threads": job.threads,
            "memory_limit": job.memory_limit,
            "temp_directory": str(Path(job.folder) / "spilled"),
            "preserve_insertion_order": False,
        },
    )
    connection.execute(f"attach '{job.links}' as given (read_only)")
    return connection


def cpu_seconds() -> float:
    """CPU seconds of this process, all its threads, and of what it has waited for."""
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in parts)


def peak_mb() -> float:
    """The most memory this process ever had, in MB."""
    # Not ru_maxrss on Linux: it begins with what the parent had when it started this process.
    if STATUS.exists():
        for line in STATUS.read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(job_file: Path) -> None:
    """Run the contestant and say what it took."""
    job = Job(**json.loads(job_file.read_text(encoding="utf-8")))
    run = ALL[job.contestant].load()
    connection = open_work(job)
    wall, cpu = time.perf_counter(), cpu_seconds()
    note = run(connection, Path(job.statements))
    # Closing writes what is still in memory, so it belongs to the work.
    connection.close()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    outcome = {
        "state": UNFINISHED if note else FINISHED,
        "wall": wall,
        "cpu": cpu,
        "peak_mb": peak_mb(),
        "note": note,
    }
    job.outcome_file.write_text(json.dumps(outcome), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
