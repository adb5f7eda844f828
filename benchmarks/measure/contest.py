"""Contestants against each other: several rounds, in an order that turns, a process each."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

from measure.answers import Signature, check_agreement, open_answer, score, signature
from measure.contestants import COMPONENTS, CUSTOMERS, OURS, Contestant
from measure.given import Given, Tell
from measure.job import FINISHED, Outcome, run_job, work_file_in
from measure.settings import Settings

# Records of the truth by which an answer is judged. Components over strong links say nothing about
# records that have none.
KNOWN_RECORDS = {
    "records with a strong identifier": (
        "(select truth.* from given.truth as truth"
        " semi join given.records as records on truth.record_no = records.record_no)"
    )
}
SCOPES = {
    COMPONENTS: KNOWN_RECORDS,
    CUSTOMERS: {**KNOWN_RECORDS, "all records": "given.truth"},
}

Runner = Callable[[Contestant], Outcome]


class OursFailed(RuntimeError):
    """Our own contestant did not finish: a run without it is worth nothing."""


@dataclass
class Entry:
    """A contestant and what came of it: the warm-up, the repeats, its answer."""

    contestant: Contestant
    warm_up: Outcome | None = None
    repeats: list[Outcome] = field(default_factory=list)
    signature: Signature | None = None

    @property
    def is_out(self) -> bool:
        """Whether there is no point in running it again."""
        outcomes = [self.warm_up, *self.repeats]
        return any(each is not None and each.state != FINISHED for each in outcomes)

    @property
    def last(self) -> Outcome | None:
        """How it came out the last time."""
        return self.repeats[-1] if self.repeats else self.warm_up

    def figures(self, rows: int) -> dict[str, Any]:
        """Medians of the repeats, or of the one run that did not finish."""
        last = self.last
        assert last is not None
        counted = self.repeats or [last]
        wall = statistics.median(each.wall for each in counted)
        peaks = [each.peak_mb for each in counted if each.peak_mb is not None]
        return {
            "name": self.contestant.name,
            "label": self.contestant.label,
            "kind": self.contestant.kind,
            "answers": self.contestant.answers,
            "state": last.state,
            "note": last.note,
            "wall_seconds": wall,
            "cpu_seconds": statistics.median(each.cpu for each in counted),
            "process_cpu_seconds": statistics.median(each.process_cpu for each in counted),
            "peak_mb": max(peaks) if peaks else None,
            "rows": rows,
            "rows_per_second": rows / wall if last.state == FINISHED else None,
            "components": self.signature.components if self.signature else None,
            "repeats": [asdict(each) for each in self.repeats],
            "warm_up": asdict(self.warm_up) if self.warm_up else None,
        }


def hold(
    contestants: Sequence[Contestant], given: Given, settings: Settings, tell: Tell
) -> tuple[list[Entry], dict[str, list[dict[str, Any]]]]:
    """Run all contestants; return what came of each, and the scores by what was answered.

    Raises Disagreement where two that compute the same thing differ, and OursFailed.
    """
    entries = [Entry(contestant) for contestant in contestants]
    scores: dict[str, list[dict[str, Any]]] = {}
    folder = settings.work / "contest"

    def run(contestant: Contestant) -> Outcome:
        return run_job(contestant.name, given, settings, folder)

    def judge(entry: Entry) -> None:
        answers = entry.contestant.answers
        if answers is None:
            return
        with open_answer(work_file_in(folder), given.links, settings.memory_limit) as connection:
            found = signature(connection)
            check_agreement({"before": entry.signature or found, "now": found})
            entry.signature = found
            if answers not in scores:
                scores[answers] = [
                    {"answers": answers, "scope": scope, **shares(connection, truth)}
                    for scope, truth in SCOPES[answers].items()
                ]

    try:
        play(entries, run, judge, settings.repeats, tell)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return entries, scores


def shares(connection: duckdb.DuckDBPyConnection, truth: str) -> dict[str, float]:
    """The score of the answer that is open."""
    found = score(connection, "answer", truth)
    return {**asdict(found), "f1": found.f1, "bcubed_f1": found.bcubed_f1}


def play(
    entries: Sequence[Entry],
    run: Runner,
    judge: Callable[[Entry], None],
    repeats: int,
    tell: Tell,
) -> None:
    """Warm up and repeat, each round beginning with another contestant.

    `judge` looks at the answer of a finished run and gives the entry its signature.
    """
    for number in range(repeats + 1):
        for entry in rotated(entries, number):
            if entry.is_out:
                continue
            outcome = run(entry.contestant)
            if number == 0:
                entry.warm_up = outcome
            else:
                entry.repeats.append(outcome)
            tell(progress_line(entry.contestant, outcome, number, repeats))
            if outcome.state == FINISHED:
                judge(entry)
                compare(entries)
            elif entry.contestant.kind == OURS:
                raise OursFailed(f"{entry.contestant.label}: {outcome.note}")


def rotated(entries: Sequence[Entry], number: int) -> list[Entry]:
    """The entries, beginning with another one in each round."""
    start = number % len(entries) if entries else 0
    return [*entries[start:], *entries[:start]]


def compare(entries: Sequence[Entry]) -> None:
    """Hold the answers to the same question against each other; raises Disagreement."""
    for question in {entry.contestant.answers for entry in entries}:
        check_agreement(
            {
                entry.contestant.name: entry.signature
                for entry in entries
                if entry.signature is not None and entry.contestant.answers == question
            }
        )


def progress_line(contestant: Contestant, outcome: Outcome, number: int, repeats: int) -> str:
    """One line about one run."""
    which = "warm-up" if number == 0 else f"{number} of {repeats}"
    memory = "" if outcome.peak_mb is None else f", {outcome.peak_mb:,.0f} MB"
    state = "" if outcome.state == FINISHED else f" ({outcome.state}: {outcome.note})"
    took = f"{outcome.cpu:.2f} s CPU, {outcome.wall:.2f} s wall{memory}"
    return f"{contestant.label}, {which}: {took}{state}"
