"""The part that compares: ours, the peers and the engine's lower bounds on identical links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from measure.contest import hold
from measure.contestants import ALL, BOUND, OURS, PEER, Contestant
from measure.given import Tell, prepare
from measure.markdown import number, seconds, share, table
from measure.settings import Settings

Figures = dict[str, Any]


def measure(settings: Settings, tell: Tell) -> Figures:
    """Run everyone who fits; return what came of it."""
    given = prepare(settings, tell)
    counts = given.counts()
    contestants, left_out = chosen(settings.only, counts)
    told = ", ".join(f"{rows:,} {name}" for name, rows in counts.items())
    tell(f"{told}; {len(contestants)} contestants, {settings.repeats} repeats and a warm-up")
    entries, scores = hold(contestants, given, settings, tell)
    found = [entry.figures(counts[entry.contestant.reads]) for entry in entries]
    return {
        "given": counts,
        "contestants": found,
        "left_out": left_out,
        "scores": [each for answer in scores.values() for each in answer],
        "ratios": ratios({each["name"]: each for each in found}),
    }


def chosen(
    only: Sequence[str], counts: Mapping[str, int]
) -> tuple[list[Contestant], list[Figures]]:
    """Who takes part, and who does not and why. Raises KeyError for a name that nobody has."""
    contestants = [ALL[name] for name in only] if only else list(ALL.values())
    taking_part = []
    left_out = []
    for contestant in contestants:
        if contestant.most_links is not None and counts[contestant.reads] > contestant.most_links:
            why = f"not run above {contestant.most_links:,} links"
            left_out.append({"label": contestant.label, "why": why})
        else:
            taking_part.append(contestant)
    return taking_part, left_out


def ratios(figures: Mapping[str, Figures]) -> list[Figures]:
    """CPU of ours by what it is held against; pairs of which one did not finish are left out."""
    against = [
        ("identity_step", ("count_distinct", "write_distinct")),
        ("plain_components", ("count_distinct_strong", "write_distinct_strong")),
        *(("plain_components", (name,)) for name, each in figures.items() if each["kind"] == PEER),
    ]
    found = []
    for ours, others in against:
        names = (ours, *others)
        if all(name in figures and figures[name]["state"] == "finished" for name in names):
            whole = sum(figures[name]["cpu_seconds"] for name in others)
            found.append({"ours": ours, "against": list(others),
                          "share": figures[ours]["cpu_seconds"] / whole})  # fmt: skip
    return found


def lay_out(figures: Figures) -> list[str]:
    """The part as Markdown."""
    given = figures["given"]
    return [
        f"{given['usable_links']:,} usable links of {given['truth']:,} records;"
        f" {given['strong_links']:,} of them are strong, of {given['records']:,} records.",
        "The identity step and the first three lower bounds read the usable links, all others the",
        "strong ones. Seconds are medians of the repeats, memory is their most; CPU counts all",
        "threads.",
        "",
        *table(
            ["", "kind", "CPU s", "wall s", "peak MB", "rows a second", "components", ""],
            [contestant_row(each) for each in figures["contestants"]],
        ),
        *[f"\nNot run: {each['label']} ({each['why']})." for each in figures["left_out"]],
        "",
        *table(
            ["CPU of", "beside", "times"],
            [
                [label(figures, each["ours"]),
                 " + ".join(label(figures, name) for name in each["against"]),
                 f"{each['share']:.2f}"]
                for each in figures["ratios"]
            ],
        ),
        "",
        "Against the truth, pairs of records and B³ (B-cubed):",
        "",
        *table(
            ["answer", "over", "precision", "recall", "F1", "B³ precision", "B³ recall", "B³ F1"],
            [score_row(each) for each in figures["scores"]],
        ),
    ]  # fmt: skip


def label(figures: Figures, name: str) -> str:
    """What a contestant is called in a table."""
    return next(str(each["label"]) for each in figures["contestants"] if each["name"] == name)


def contestant_row(each: Figures) -> list[str]:
    """One contestant's row of the table."""
    return [
        each["label"],
        each["kind"],
        seconds(each["cpu_seconds"]),
        seconds(each["wall_seconds"]),
        number(each["peak_mb"]),
        number(each["rows_per_second"]),
        number(each["components"]),
        each["note"] or "",
    ]


def score_row(each: Figures) -> list[str]:
    """One score's row of the table."""
    names = ("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1")
    answer = {"customers": "identity step", "components": "components, whoever found them"}
    return [answer[each["answers"]], each["scope"], *(share(each[name]) for name in names)]


COLOURS = {OURS: "#1f6f8b", PEER: "#c98a2b", BOUND: "#9aa3ab"}


def draw(figure: Any, figures: Figures) -> None:
    """CPU seconds and peak memory of everyone, as bars."""
    entries = list(reversed(figures["contestants"]))
    labels = [each["label"] for each in entries]
    colours = [COLOURS[each["kind"]] for each in entries]
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    for axes, key, title in (
        (left, "cpu_seconds", "CPU seconds, all threads"),
        (right, "peak_mb", "peak memory, MB"),
    ):
        values = [each[key] or 0 for each in entries]
        bars = axes.barh(labels, values, color=colours)
        texts = [bar_text(each, key) for each in entries]
        axes.bar_label(bars, texts, padding=3, fontsize=8)
        axes.set_xlabel(title)
        axes.margins(x=0.22)
        axes.spines[["top", "right"]].set_visible(False)
    for bar, each in zip(left.patches, entries, strict=True):
        if each["state"] != "finished":
            bar.set_hatch("///")
            bar.set_edgecolor("white")
    handles = [left.barh([0], [0], color=colour, label=kind) for kind, colour in COLOURS.items()]
    left.legend(handles=handles, loc="lower right", frameon=False, fontsize=8)
    given = figures["given"]
    figure.suptitle(
        f"{given['usable_links']:,} usable links, {given['strong_links']:,} of them strong: those"
        " are what all components are found from (hatched: did not finish)",
        fontsize=11,
    )


def bar_text(each: Figures, key: str) -> str:
    """What stands at the end of a bar."""
    if each[key] is None:
        return "not known"
    text = seconds(each[key]) if key == "cpu_seconds" else number(each[key])
    return text if each["state"] == "finished" else f"{text}, {each['state']}"
