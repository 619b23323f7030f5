"""Summaries as people and programs read them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from convergence_callbacks.cli.output import wrapped
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.summary import Summary
from convergence_callbacks.telling.not_known import OF_SEVERAL, Unknown
from convergence_callbacks.telling.numbers import NONE, count, duration, energy, percent, plural, value
from convergence_callbacks.telling.text import printable, words

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

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a cell that a spreadsheet would compute."""

WIDE = 150
"""Columns of a terminal in which reason and advice have room beside the numbers."""

ROOMY = 105
"""Columns of a terminal in which all numbers have room."""

LEAST_NAME = 12
"""Letters of a run's name that are always shown."""

OPTIONS: Mapping[Unknown, str] = {
    Unknown.BUDGET: "--max-epochs",
    Unknown.SCHEDULE: "--schedule-known",
    Unknown.BASELINE: "baseline_loss in a --settings file",
}
"""The option for each thing that a log may not hold."""

_LISTS = ("advice", "not_judged", "assumed", "not_known", "notes")
"""Fields of a summary that are lists."""


@dataclass(frozen=True)
class _Column:
    """A column of numbers.

    Args:
        name: Its heading.
        cells: One for each run.
        footer: The sum.
        on_the_left: Whether it is text.
        is_spare: Whether it is left out if there is little room.
    """

    name: str
    cells: Sequence[str]
    footer: str = ""
    on_the_left: bool = False
    is_spare: bool = False

    @property
    def width(self) -> int:
        """Letters that it takes."""
        return max(map(len, (self.name, self.footer, *self.cells)))


def _columns(summaries: Sequence[Summary]) -> list[_Column]:
    """The columns of numbers about all runs."""
    saved = sum(each.steps_saved for each in summaries)
    steps = sum(each.steps for each in summaries)
    many = len(summaries) > 1
    columns = [
        _Column("run", [printable(each.run) for each in summaries], count(len(summaries), "run"), on_the_left=True),
        _Column("at its end", [_looks(each) for each in summaries], on_the_left=True),
        _Column("epochs", [_steps(each) for each in summaries], count(steps)),
        _Column("stop at", [NONE if each.stopped_at is None else str(each.stopped_at) for each in summaries]),
        _Column("saved", [_saved(each) for each in summaries], percent(saved / max(steps, 1)) if many else ""),
        _Column("best", [value(each.best) for each in summaries]),
        _Column("at", [NONE if each.best_at is None else str(each.best_at) for each in summaries]),
    ]
    baseline = next((each.baseline for each in summaries if each.baseline), "")
    if baseline:
        theirs = sum(each.baseline_steps_saved or 0 for each in summaries)
        cells = [_share(each.baseline_steps_saved or 0, each.steps) for each in summaries]
        columns.append(_Column(baseline, cells, percent(theirs / max(steps, 1)) if many else ""))
    hours = [each.hours_saved for each in summaries]
    if any(each is not None for each in hours):
        total = duration(sum(each or 0.0 for each in hours)) if many else ""
        columns.append(
            _Column(
                "time",
                [NONE if each.stopped_at is None else duration(each.hours_saved) for each in summaries],
                total,
                is_spare=True,
            )
        )
    kwh = [each.kwh_saved for each in summaries]
    if any(each is not None for each in kwh):
        total = energy(sum(each or 0.0 for each in kwh)) if many else ""
        columns.append(_Column("energy", [energy(each) for each in kwh], total, is_spare=True))
    columns.append(_Column("lost", [percent(each.share_lost) for each in summaries], is_spare=True))
    return columns


def _looks(summary: Summary) -> str:
    """The verdict at the end, if the run could be judged."""
    return words(summary.verdict) if summary.is_judged else "not judged"


def _steps(summary: Summary) -> str:
    return str(summary.steps) if summary.unit == "epoch" else count(summary.steps, summary.unit)


def _saved(summary: Summary) -> str:
    return NONE if summary.stopped_at is None else _share(summary.steps_saved, summary.steps)


def _share(part: int, whole: int) -> str:
    return percent(part / max(whole, 1))


def replay_table(summaries: Sequence[Summary]) -> Table:
    """A row for each run with reason and advice, and the sum: for a pipe, or a wide terminal."""
    table = Table(box=None, pad_edge=False, show_footer=len(summaries) > 1)
    columns = _columns(summaries)
    for column in columns:
        table.add_column(
            column.name,
            footer=column.footer,
            justify="left" if column.on_the_left else "right",
            overflow="fold",
            no_wrap=column.name != "run",
            min_width=LEAST_NAME if column.name == "run" else None,
        )
    table.add_column("reason", overflow="fold", ratio=1)
    table.add_column("next", overflow="fold", ratio=1)
    for number, summary in enumerate(summaries):
        cells = [Text(column.cells[number], _style(column, summary)) for column in columns]
        table.add_row(*cells, Text(_reason(summary)), Text(printable("; ".join(summary.advice))))
    return table


def replay_lines(summaries: Sequence[Summary], width: int) -> Iterator[Text]:
    """The table for a narrow terminal: below each run's numbers stand its reason and advice."""
    columns = [column for column in _columns(summaries) if width >= ROOMY or not column.is_spare]
    name, *others = columns
    room = width - sum(column.width + 2 for column in others)
    widths = [max(LEAST_NAME, min(name.width, room)), *(column.width for column in others)]
    yield Text(_line(columns, [column.name for column in columns], widths), "bold")
    for number, summary in enumerate(summaries):
        cells = [column.cells[number] for column in columns]
        line = Text(_line(columns, cells, widths))
        line.highlight_words([words(summary.verdict)], COLOURS[Verdict(summary.verdict)])
        yield line
        lines = (_reason(summary), f"next: {'; '.join(summary.advice)}" if summary.advice else "")
        yield from (Text(wrapped(f"  {printable(each)}", width), "dim") for each in lines if each)
    if len(summaries) > 1:
        yield Text(_line(columns, [column.footer for column in columns], widths), "bold")


def _line(columns: Sequence[_Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = zip(columns, cells, widths, strict=True)
    texts = (
        _cut(cell, width).ljust(width) if column.on_the_left else cell.rjust(width) for column, cell, width in parts
    )
    return "  ".join(texts).rstrip()


def _cut(text: str, width: int) -> str:
    """A text without its middle if it is too long: names of runs differ at both ends."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def _reason(summary: Summary) -> str:
    stop = "" if summary.stop_verdict in {None, summary.verdict} else f"stop as {words(summary.stop_verdict or '')}: "
    return f"{stop}{printable(summary.reason)}"


def _style(column: _Column, summary: Summary) -> str:
    return COLOURS[Verdict(summary.verdict)] if column.name == "at its end" else ""


def broken_line(summaries: Sequence[Summary]) -> str:
    """What broken runs cost before and after they were found to be broken; empty if none was."""
    broken = [each for each in summaries if each.broken_at is not None]
    if not broken:
        return ""
    unit = broken[0].unit if len({each.unit for each in broken}) == 1 else "step"
    after = sum(each.steps_after_broken or 0 for each in broken)
    until = sum(each.steps for each in broken) - after
    hours = [each.hours_until_broken for each in broken]
    time = f" ({duration(sum(each or 0.0 for each in hours))})" if all(each is not None for each in hours) else ""
    on = f", and {count(after, unit)} were trained on after that" if after else ""
    return (
        f"{count(len(broken), 'run')} of {count(len(summaries))} {'was' if len(broken) == 1 else 'were'} broken: seen "
        f"after {count(until, unit)}{time}{on}."
    )


def not_known_line(summaries: Sequence[Summary]) -> str:
    """What the rule did not know of a run, or of several; empty if it knew all."""
    if len(summaries) == 1:
        parts = [with_option(str(each), OPTIONS.get(each.what)) for each in summaries[0].not_known]
    else:
        runs = Counter(what for summary in summaries for what in {each.what for each in summary.not_known})
        parts = [
            f"{with_option(OF_SEVERAL[what], OPTIONS.get(what))}, of {count(runs[what], 'run')}"
            for what in Unknown
            if runs[what]
        ]
    return f"Not known: {'; '.join(parts)}." if parts else ""


def with_option(unknown: str, option: str | None) -> str:
    """What was not known, with the option that sets it, if there is one."""
    return f"{unknown} (set it with {option})" if option else unknown


def against_line(summaries: Sequence[Summary]) -> str:
    """What the rule saves compared with another one; empty without another."""
    compared = [each for each in summaries if each.baseline]
    if not compared:
        return ""
    unit = plural(compared[0].unit if len({each.unit for each in compared}) == 1 else "step")
    spent = sum(each.steps - each.steps_saved for each in compared)
    theirs = sum(each.steps - (each.baseline_steps_saved or 0) for each in compared)
    all_steps = sum(each.steps for each in compared)
    rules = f"by the rule {count(spent)} {unit}, by {compared[0].baseline} {count(theirs)}"
    return f"Spent {rules}, without early stopping {count(all_steps)}."


def to_csv(summaries: Sequence[Summary]) -> str:
    """A line for each run; text that a spreadsheet would compute begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [name for name in Summary.__dataclass_fields__ if name not in _LISTS]
    writer.writerow([*names, *_LISTS])
    for summary in summaries:
        plain = summary.to_dict()
        lists = (_cell("; ".join(plain[name])) for name in _LISTS)
        writer.writerow([*(_cell(getattr(summary, name)) for name in names), *lists])
    return text.getvalue().encode("utf-8", "backslashreplace").decode()


def _cell(value: object) -> object:
    if isinstance(value, str):
        value = printable(value)
        return f"'{value}" if value.startswith(FORMULA) else value
    return "" if value is None else value
