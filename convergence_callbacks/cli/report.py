"""``convergence report``: writes a page about trainings, to attach, print and keep."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from convergence_callbacks.cli.log_options import (
    LogOptions,
    LogPaths,
    MaxEpochs,
    ScheduleKnown,
    folder_of,
    matched,
    runs_at,
    takes_log_options,
    with_named,
)
from convergence_callbacks.cli.output import complain, errors_printed, named, say, writing
from convergence_callbacks.cli.page_options import BaselineRule, Currency, PricePerHour, needing_pages
from convergence_callbacks.compare.rules import rule_from
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.engines import spread_many
from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError


class Format(StrEnum):
    """Forms of a report."""

    HTML = "html"
    MD = "md"


@takes_log_options
def report(
    paths: LogPaths,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write; - for standard output.")
    ] = None,
    format_: Annotated[Format | None, typer.Option("--format", help="html, or md for a model card.")] = None,
    title: Annotated[str | None, typer.Option(help="The heading; without it, the name of the log or folder.")] = None,
    price_per_hour: PricePerHour = None,
    currency: Currency = "$",
    baseline: BaselineRule = "patience:10",
    *,
    logs: LogOptions,
    max_epochs: MaxEpochs = None,
    schedule_known: ScheduleKnown = False,
) -> None:
    """Write a page on logged trainings: verdicts, curves, where the rule would have stopped and what that saves.

    Status 0: all was read. 1: something could not be read; the rest is in the report. 2: wrong usage.
    """
    kind = format_ or (Format.MD if output is not None and output.suffix == ".md" else Format.HTML)
    to = output or Path(f"report.{kind.value}")
    with errors_printed():
        settings, choice = logs.settings_and_columns(max_epochs)
        price = (price_per_hour, currency)
        other = rule_from(baseline, settings) if baseline else None
        choice = with_named(choice, [other] if other else [])
        paths = matched(paths)
        text, problems, runs = _written(
            paths, title, settings, choice, price, (baseline, other), kind, schedule_known=schedule_known
        )
        if not runs:
            complain(f"{', '.join(map(named, paths))}: no log of a training was found")
        elif str(to) == "-":
            typer.echo(text, nl=False)
        else:
            with writing(to):
                to.write_text(text, encoding="utf-8")
            say(f"Wrote {named(to)}: {runs} {'training' if runs == 1 else 'trainings'}.", "green")
    for problem in problems:
        complain(str(problem))
    if problems or not runs:
        raise typer.Exit(1)


def _written(
    paths: Sequence[Path],
    title: str | None,
    settings: Settings,
    choice: ColumnChoice,
    price: tuple[float | None, str],
    baseline: tuple[str, Settings | None],
    kind: Format,
    *,
    schedule_known: bool,
) -> tuple[str, list[LogError], int]:
    """The text of the report, what could not be read, and how many runs it is about."""
    with needing_pages():
        from convergence_callbacks.pages import Price, Report
        from convergence_callbacks.pages.card import Baseline, card_of
    name, rule = baseline
    problems: list[LogError] = []
    other = None if rule is None else Baseline(name, rule)
    one = functools.partial(card_of, settings=settings, schedule_known=schedule_known, baseline=other)
    cards = list(spread_many(one, runs_at(paths, choice, problems)))
    made = Report(
        title=title or named(Path(folder_of(paths).name)),
        cards=cards,
        settings=settings,
        made_at=datetime.datetime.now().astimezone(),
        problems=problems,
        price=None if price[0] is None else Price(price[0], price[1]),
    )
    return (made.html() if kind is Format.HTML else made.markdown()), problems, len(cards)
