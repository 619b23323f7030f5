"""``convergence replay``: what the rule would have done in trainings that are over."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from convergence_callbacks.cli.json_output import explained, replayed, verified
from convergence_callbacks.cli.log_options import (
    LogOptions,
    LogPaths,
    MaxEpochs,
    ScheduleKnown,
    listed,
    matched,
    runs_at,
    takes_log_options,
    with_named,
)
from convergence_callbacks.cli.output import (
    complain,
    errors_printed,
    named,
    say,
    say_lines,
    say_table,
    width_of_terminal,
)
from convergence_callbacks.cli.status import FAILED_ON, NOT_JUDGED, UNREAD
from convergence_callbacks.cli.tables import (
    WIDE,
    against_line,
    broken_line,
    not_known_line,
    replay_lines,
    replay_table,
    to_csv,
)
from convergence_callbacks.compare.rules import rule_from
from convergence_callbacks.core.errors import unknown_name
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.engines import spread_many
from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.run import Run
from convergence_callbacks.record.verify import verify
from convergence_callbacks.replay import replay as replay_run
from convergence_callbacks.replay import stop_by
from convergence_callbacks.summary import NOTHING_TO_JUDGE, Summary
from convergence_callbacks.telling.reading import reading_lines, reading_lines_of_several
from convergence_callbacks.telling.summary import missing
from convergence_callbacks.telling.text import printable


def _verdicts(names: str) -> str:
    verdicts = [verdict.value for verdict in Verdict]
    for name in listed(names):
        if name not in verdicts:
            raise typer.BadParameter(unknown_name("verdict", name, verdicts))
    return names


Baseline = Annotated[
    str, typer.Option(help="A rule to compare the savings with, such as patience:10.", show_default=False)
]


@takes_log_options
def replay(
    paths: LogPaths,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    fail_on: Annotated[
        str,
        typer.Option(help="Verdicts, separated by commas: status 3 if a run ends with one.", callback=_verdicts),
    ] = "",
    baseline: Baseline = "",
    explain_columns: Annotated[
        bool, typer.Option("--explain-columns", help="Show which columns were chosen, and why.")
    ] = False,
    check_record: Annotated[bool, typer.Option("--verify", help="Recompute the decisions of a record.")] = False,
    *,
    logs: LogOptions,
    max_epochs: MaxEpochs = None,
    schedule_known: ScheduleKnown = False,
) -> None:
    """Show how each logged training ended, and where the rule would have stopped it.

    Status 0: all was read and judged. 1: something could not be read. 2: wrong usage. 3: a verdict of --fail-on, or a
    record that --verify does not confirm. 4: of a run nothing could be judged: it has no loss, or too few epochs.
    """
    with errors_printed():
        paths = matched(paths)
        if check_record:
            if as_csv or len(paths) > 1:
                raise typer.BadParameter("--verify takes one record, and prints text or JSON", param_hint="'--verify'")
            _verify(paths[0], as_json=as_json)
            return
        settings, choice = logs.settings_and_columns(max_epochs)
        if explain_columns:
            _explain(paths, choice, as_json=as_json)
            return
        problems: list[LogError] = []
        other = rule_from(baseline, settings) if baseline else None
        choice = with_named(choice, [other] if other else [])
        summary_of = functools.partial(
            _summary, settings=settings, baseline=other, name=baseline, schedule_known=schedule_known
        )
        summaries = list(spread_many(summary_of, runs_at(paths, choice, problems)))
    if as_json:
        typer.echo(replayed(summaries, problems))
    elif as_csv:
        typer.echo(to_csv(summaries), nl=False)
    elif summaries:
        _show(summaries)
    _end(paths, summaries, problems, listed(fail_on))


def _show(summaries: Sequence[Summary]) -> None:
    """A table that fits the terminal, with the sum over all runs."""
    width = width_of_terminal()
    if width is None or width >= WIDE:
        say_table(replay_table(summaries))
    else:
        say_lines(replay_lines(summaries, width))
    broken = broken_line(summaries) if len(summaries) > 1 else ""
    read = reading_lines_of_several([each.assumed for each in summaries])
    for line in (against_line(summaries), broken, not_known_line(summaries), *map(printable, read)):
        if line:
            say(line)


def _end(paths: Sequence[Path], summaries: Sequence[Summary], problems: Sequence[LogError], failing: list[str]) -> None:
    """Print what could not be read or judged, and exit with its status."""
    for problem in problems:
        complain(str(problem))
    if not summaries and not problems:
        complain(f"{', '.join(map(named, paths))}: no log of a training was found")
    unjudged = [summary for summary in summaries if not summary.is_judged]
    for summary in unjudged:
        why = [each for each in summary.not_judged if each in NOTHING_TO_JUDGE]
        complain(f"{printable(summary.run)}: nothing could be judged: {missing(why, summary.unit)}")
    if any(summary.verdict in failing for summary in summaries):
        raise typer.Exit(FAILED_ON)
    if problems or not summaries:
        raise typer.Exit(UNREAD)
    if unjudged:
        raise typer.Exit(NOT_JUDGED)


def _summary(run: Run, settings: Settings, baseline: Settings | None, name: str, *, schedule_known: bool) -> Summary:
    other = None if baseline is None else stop_by(name, run, baseline, schedule_known=schedule_known)
    return Summary.of(replay_run(run, settings, schedule_known=schedule_known), baseline=other)


def _explain(paths: Sequence[Path], choice: ColumnChoice, *, as_json: bool) -> None:
    problems: list[LogError] = []
    if as_json:
        typer.echo(explained(runs_at(paths, choice, problems), problems))
    for run in () if as_json else runs_at(paths, choice, problems):
        say(printable(f"{run.name} ({run.format}, {run.steps} {run.unit}s)"), "bold")
        for line in (*run.explained(), *reading_lines(run.assumed)):
            say(f"  {printable(line)}")
    for problem in problems:
        complain(printable(str(problem)))
    if problems:
        raise typer.Exit(UNREAD)


def _verify(path: Path, *, as_json: bool) -> None:
    result = verify(path)
    if as_json:
        typer.echo(verified(result))
    else:
        say(str(result), "green" if result.is_confirmed else "red")
    if not result.is_confirmed:
        raise typer.Exit(FAILED_ON)
