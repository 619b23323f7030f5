"""Summaries as people and programs read them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.summary import Summary
from convergence_callbacks.telling.numbers import duration, energy, percent
from convergence_callbacks.telling.text import printable

COLOURS = {
    Verdict.IMPROVING: "cyan",
    Verdict.CONVERGED: "green",
    Verdict.FALSE_CONVERGENCE: "yellow",
    Verdict.OVERFITTING: "magenta",
    Verdict.UNSTABLE: "yellow",
    Verdict.NOT_LEARNING: "red",
    Verdict.DIVERGED: "red",
}
"""The colour of each verdict on a terminal; the word stands beside it."""

SENTENCES = ("assumed", "notes")
"""Fields of several sentences; they come last in CSV."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would compute."""


def replay_table(summaries: Sequence[Summary]) -> Table:
    """A row for each run, and the sum."""
    has_times = any(summary.hours_saved is not None for summary in summaries)
    has_energy = any(summary.kwh_saved is not None for summary in summaries)
    table = Table(box=None, pad_edge=False, show_footer=len(summaries) > 1)
    saved = sum(summary.steps_saved for summary in summaries)
    steps = sum(summary.steps for summary in summaries)
    hours = sum(summary.hours_saved or 0.0 for summary in summaries)
    table.add_column("run", footer=f"{len(summaries)} runs", overflow="fold")
    table.add_column("at its end")
    for name, footer in (
        ("epochs", str(steps)),
        ("stop at", ""),
        ("saved", f"{saved} ({percent(saved / max(steps, 1))})"),
        *((("time", duration(hours)),) if has_times else ()),
        *((("energy", energy(sum(summary.kwh_saved or 0.0 for summary in summaries))),) if has_energy else ()),
        ("lost", ""),
    ):
        table.add_column(name, footer=footer, justify="right")
    table.add_column("reason", overflow="fold", ratio=1)
    for summary in summaries:
        table.add_row(*_cells(summary, has_times, has_energy))
    return table


def _cells(summary: Summary, has_times: bool, has_energy: bool) -> list[Text]:
    steps = f"{summary.steps}" if summary.unit == "epoch" else f"{summary.steps} {summary.unit}s"
    stop = "–" if summary.stopped_at is None else f"{summary.stopped_at} {summary.stop_verdict}"
    hours = duration(summary.hours_saved)
    lost = percent(summary.share_given_up)
    verdict = Text(summary.verdict, COLOURS[Verdict(summary.verdict)])
    saved = str(summary.steps_saved)
    return [
        Text(printable(summary.run)),
        verdict,
        Text(steps),
        Text(stop),
        Text(saved),
        *([Text(hours)] if has_times else []),
        *([Text(energy(summary.kwh_saved))] if has_energy else []),
        Text(lost),
        Text(printable(summary.reason)),
    ]


def to_json(summaries: Sequence[Summary], problems: Sequence[LogError]) -> str:
    """One document with all runs, and what could not be read."""
    told = [{"path": None if p.path is None else str(p.path), "line": p.line, "message": p.message} for p in problems]
    runs = [summary.to_dict() for summary in summaries]
    return json.dumps({"runs": runs, "problems": told}, indent=1, ensure_ascii=True, allow_nan=False)


def to_csv(summaries: Sequence[Summary]) -> str:
    """A line for each run; text that a spreadsheet would compute begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [name for name in Summary.__dataclass_fields__ if name not in SENTENCES]
    writer.writerow([*names, *SENTENCES])
    for summary in summaries:
        cells = [_cell(getattr(summary, name)) for name in names]
        writer.writerow([*cells, *(_cell("; ".join(getattr(summary, name))) for name in SENTENCES)])
    return text.getvalue().encode("utf-8", "backslashreplace").decode()


def _cell(value: object) -> object:
    if isinstance(value, str):
        value = printable(value)
        return f"'{value}" if value.startswith(FORMULA) else value
    return "" if value is None else value
