"""``convergence explain``: what a verdict means, how it was found in a run, and what to try."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from convergence_callbacks.cli.log_options import (
    LogOptions,
    MaxEpochs,
    ScheduleKnown,
    runs_at,
    takes_log_options,
)
from convergence_callbacks.cli.output import complain, errors_printed, named, say
from convergence_callbacks.cli.status import NOT_JUDGED
from convergence_callbacks.cli.tables import OPTIONS, with_option
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.verdict import STOP_ON, Verdict
from convergence_callbacks.ending import NotJudged
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.run import Run
from convergence_callbacks.replay import Replay
from convergence_callbacks.replay import replay as replay_run
from convergence_callbacks.summary import Summary
from convergence_callbacks.telling import words_of
from convergence_callbacks.telling.decision import OF_VERDICT
from convergence_callbacks.telling.evidence import evidence_lines
from convergence_callbacks.telling.facts import BUDGET, TREES
from convergence_callbacks.telling.numbers import count, numbered, plural, value
from convergence_callbacks.telling.reading import reading_lines
from convergence_callbacks.telling.summary import missing, verdict_of
from convergence_callbacks.telling.text import capitalised, printable, words

TURNS = 6
"""Most turns of the verdict that are listed: the latest."""


@takes_log_options
def explain(
    subject: Annotated[
        str, typer.Argument(metavar="VERDICT|RUN", help="A verdict, or a log with one run.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option("--run", help="The run's name, if the log holds several.", show_default=False)
    ] = None,
    *,
    logs: LogOptions,
    max_epochs: MaxEpochs = None,
    schedule_known: ScheduleKnown = False,
) -> None:
    """Explain a verdict, or how it was found in a run: what it means, and what to try.

    Status 0: it was explained. 1: there is no such verdict or run, or it can't be read. 2: wrong usage. 4: nothing
    could be judged of the run.
    """
    verdict = _verdict_called(subject)
    with errors_printed():
        if verdict is not None:
            _say(_of_verdict(verdict))
            return
        settings, choice = logs.settings_and_columns(max_epochs)
        path = Path(subject)
        if not path.exists():
            raise ConvergenceError(_neither(subject))
        problems: list[LogError] = []
        run = _chosen(list(runs_at([path], choice, problems)), name, path, problems)
        replayed = replay_run(run, settings, schedule_known=schedule_known)
        _say(_of_run(replayed))
        if not Summary.of(replayed).is_judged:
            raise typer.Exit(NOT_JUDGED)


def _verdict_called(subject: str) -> Verdict | None:
    plain = subject.strip().lower().replace(" ", "_").replace("-", "_")
    return Verdict(plain) if plain in list(Verdict) else None


def _neither(subject: str) -> str:
    names = [verdict.value for verdict in Verdict]
    near = difflib.get_close_matches(subject, names, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{printable(subject)!r} is neither a verdict nor a file; {meant}Verdicts: {', '.join(names)}"


def _chosen(runs: Sequence[Run], name: str | None, path: Path, problems: Iterable[LogError]) -> Run:
    """The run that is to be explained.

    Raises:
        ConvergenceError: There is none, or more than one, of this name.
    """
    found = [run for run in runs if name in {None, run.name}]
    if len(found) == 1:
        return found[0]
    for problem in problems:
        complain(printable(str(problem)))
    if not runs:
        raise ConvergenceError(f"{named(path)}: no log of a training was found")
    names = ", ".join(repr(printable(run.name)) for run in runs[:20])
    raise ConvergenceError(f"{named(path)} holds {count(len(runs), 'run')}; name one with --run: {names}")


Paragraph = tuple[str, Sequence[str]]
"""A heading with its lines; without one, lines only."""


def _say(paragraphs: Iterable[Paragraph]) -> None:
    for heading, lines in paragraphs:
        if heading and lines:
            say(printable(heading), "bold")
        for line in lines:
            say(f"  {printable(line)}")


def _of_verdict(verdict: Verdict) -> Iterator[Paragraph]:
    meaning = OF_VERDICT[verdict].MEANING
    yield words(verdict), [f"{capitalised(meaning.means)}."]
    yield "How it is found", [meaning.found]
    yield "What to try", [f"- {each}" for each in meaning.remedies]
    yield "Whether it ends a training", [_ends(verdict)]


def _ends(verdict: Verdict) -> str:
    if verdict is Verdict.IMPROVING:
        return "It never does."
    if verdict in STOP_ON["finished"]:
        return "Yes, unless stop_on leaves it out."
    return f"It is only reported, unless stop_on lists it: stop_on: any, or a list with {verdict.value}."


def _of_run(replay: Replay) -> Iterator[Paragraph]:
    run, summary = replay.run, Summary.of(replay)
    decision = replay.decision
    meaning = OF_VERDICT[decision.verdict].MEANING
    if not summary.is_judged:
        yield f"{run.name}: not judged", [*_where(replay, summary)]
        yield "What was not known", list(_unknown(summary))
        return
    yield f"{run.name}: {verdict_of(decision)}", [*_where(replay, summary)]
    means = meaning.of_trees if run.unit == TREES and meaning.of_trees else meaning.means
    yield "What it means", [f"{capitalised(means)}."]
    reason = words_of(decision, left_out=() if decision is replay.stop else (BUDGET,)).reason
    yield "How it was found", [*([f"{capitalised(reason)}."] if reason else []), *_turns(replay)]
    yield f"In numbers, at {numbered(decision.step, run.counter)}", list(evidence_lines(decision))
    yield "What to try", [f"- {each}" for each in summary.advice or meaning.remedies]
    yield "What was not known", list(_unknown(summary))


def _where(replay: Replay, summary: Summary) -> Iterator[str]:
    """Where the rule would have ended the run, and its best step."""
    unit, steps = summary.unit, count(summary.steps, summary.unit)
    if summary.stopped_at is None:
        yield f"After {steps}; the rule would not have ended it earlier."
    else:
        later = "" if replay.verdict.value == summary.stop_verdict else f"; at its end {words(summary.verdict)}"
        yield f"The rule would have stopped it at {unit} {summary.stopped_at}, of {steps}{later}."
    if summary.best_at is not None:
        yield f"Best: {value(summary.best)} at {unit} {summary.best_at}."


def _turns(replay: Replay) -> Iterator[str]:
    """The verdicts until the stop, each with its first and last epoch."""
    until = [each for each in replay.decisions if replay.stop is None or each.step <= replay.stop.step]
    turns = [list(group) for _, group in itertools.groupby(until, key=lambda each: each.verdict)]
    number, unit = replay.run.number, plural(replay.run.unit)
    listed = [
        f"{number(turn[0].step)}–{number(turn[-1].step)} {words(turn[0].verdict)}"
        if len(turn) > 1
        else f"{number(turn[0].step)} {words(turn[0].verdict)}"
        for turn in turns
    ]
    left_out = f"{len(listed) - TURNS} earlier turns; " if len(listed) > TURNS else ""
    yield f"By {unit}: {left_out}{', '.join(listed[-TURNS:])}."


def _unknown(summary: Summary) -> Iterator[str]:
    """What the rule did not know of the training, and what that means."""
    if why := missing([each for each in summary.not_judged if each != NotJudged.NO_RATE], summary.unit):
        yield f"{capitalised(why)}."
    yield from (f"{capitalised(with_option(str(each), OPTIONS.get(each.what)))}." for each in summary.not_known)
    yield from reading_lines(summary.assumed)
