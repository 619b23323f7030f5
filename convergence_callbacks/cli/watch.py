"""``convergence watch``: follows the log of a training that is running."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from convergence_callbacks.cli.chart import chart
from convergence_callbacks.cli.log_options import (
    LogOptions,
    LogPath,
    MaxEpochs,
    takes_log_options,
)
from convergence_callbacks.cli.output import complain, errors_printed, named, say
from convergence_callbacks.cli.standard_output import go_on_without_output
from convergence_callbacks.cli.status import NOT_JUDGED, UNREAD
from convergence_callbacks.cli.tables import COLOURS, OPTIONS, with_option
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.ending import Ending, not_judged
from convergence_callbacks.logs.numbers import numbered
from convergence_callbacks.logs.run import Run
from convergence_callbacks.outlook import band_of
from convergence_callbacks.replay import not_known_of, settings_for
from convergence_callbacks.summary import is_judged
from convergence_callbacks.telling.forecast import outlook
from convergence_callbacks.telling.not_known import Unknown
from convergence_callbacks.telling.numbers import duration, steps, value
from convergence_callbacks.telling.numbers import numbered as at
from convergence_callbacks.telling.reading import reading_lines
from convergence_callbacks.telling.summary import Cause, summary_of, verdict_of
from convergence_callbacks.telling.text import printable
from convergence_callbacks.watch.follow import Follower, Reading
from convergence_callbacks.watch.memory import Kind, Memory
from convergence_callbacks.watch.notify import Webhook, command_words, start_command
from convergence_callbacks.watch.session import Session

LEISURE = 10
"""Least time between looks, in times of one reading: a huge log must not keep a processor busy."""


@takes_log_options
def watch(
    path: LogPath,
    on_stop: Annotated[str | None, typer.Option(help="Command to start at the stop, once.")] = None,
    notify: Annotated[str | None, typer.Option(help="Address to post changes of the verdict to.")] = None,
    notify_as: Annotated[
        str | None,
        typer.Option(help="Form of the message: json, slack, teams or ntfy; chosen by the address when left out."),
    ] = None,
    interval: Annotated[float, typer.Option(min=0.05, help="Seconds between looks.")] = 2.0,
    idle: Annotated[float | None, typer.Option(help="Exit once the log has not changed for so many seconds.")] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Look once, print what the training looks like, and exit.")
    ] = False,
    *,
    logs: LogOptions,
    max_epochs: MaxEpochs = None,
) -> None:
    """Follow a log that grows: its curve, what the training looks like, and when the rule would stop it.

    Status 0: it was judged. 1: there was nothing to read. 2: wrong usage. 4: with --once, nothing could be judged yet.
    """
    with errors_printed():
        settings, choice = logs.settings_and_columns(max_epochs)
        if on_stop is not None:
            command_words(on_stop)  # a command that can't be read is refused now, not at the stop
        if on_stop is not None or notify:
            go_on_without_output()
        webhook = Webhook(notify, complain, shape=notify_as) if notify else None
        watcher = Watcher(settings, on_stop, webhook)
        looks = _looks(Follower(path, choice), interval, idle, once=once)
        try:
            _show(watcher, looks, once=once)
        except KeyboardInterrupt:
            say("no longer watched")
        finally:
            watcher.close()
    if not watcher.session.decisions:
        raise typer.Exit(UNREAD)
    if once and not is_judged(watcher.session.decisions[-1].verdict, not_judged(watcher.session.seen)):
        raise typer.Exit(NOT_JUDGED)


@dataclass
class _Training:
    """One training that is watched.

    Args:
        session: What was read of it and decided.
        memory: What was done about it, also by earlier programs.
        verdict: The latest that was reported.
        acted: Number of the training in the session whose stop was acted on.
    """

    session: Session
    memory: Memory
    verdict: str = ""
    acted: int = 0


class Watcher:
    """Judges each reading, and acts on what is new.

    Args:
        settings: The monitor's.
        on_stop: The command to start at the stop, once a training.
        webhook: Where changes are sent.
    """

    def __init__(self, settings: Settings, on_stop: str | None, webhook: Webhook | None) -> None:
        self.session = Session(settings)
        self.problem = ""
        self._settings, self._on_stop, self._webhook = settings, on_stop, webhook
        self._trainings: dict[tuple[Path, str], _Training] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def take(self, reading: Reading) -> list[Decision]:
        """Take in a reading; returns the new decisions, with steps as the log numbers them."""
        self.problem = reading.problem
        if reading.run is None:
            return []
        training = self._training_of(reading.run)
        session = self.session = training.session
        new = session.take(reading.run, is_settled=reading.is_settled)
        if new and new[-1].verdict.value != training.verdict:
            if training.verdict:
                self._send(new[-1], "verdict")
            training.verdict = new[-1].verdict.value
        if session.stop is not None and training.acted != session.begun:
            training.acted = session.begun
            self._stop(session.stop, training.memory)
        return [] if session.run is None else [numbered(decision, session.run) for decision in new]

    def close(self) -> None:
        """Wait up to half a minute for what still runs."""
        if self._webhook is not None:
            self._webhook.close()
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                complain("the command of --on-stop still runs")

    def _training_of(self, run: Run) -> _Training:
        key = (run.path, run.name)
        if key not in self._trainings:
            self._trainings[key] = _Training(Session(self._settings), Memory(run.path))
        return self._trainings[key]

    def _stop(self, decision: Decision, memory: Memory) -> None:
        before = self.session.before_stop
        if self._webhook is not None and not _was_done(Kind.NOTIFICATION, memory, before):
            self._send(decision, "stop", functools.partial(_remember, Kind.NOTIFICATION, memory, before))
        if self._on_stop is None or _was_done(Kind.COMMAND, memory, before):
            return
        try:
            self._processes.append(start_command(self._on_stop, self._message(decision, "stop")))
        except OSError as error:
            complain(f"--on-stop: {error}")
        else:
            _remember(Kind.COMMAND, memory, before)

    def _send(self, decision: Decision, event: str, delivered: Callable[[], None] = lambda: None) -> None:
        if self._webhook is not None:
            self._webhook.send(self._message(decision, event), delivered)

    def _message(self, decision: Decision, event: str) -> dict[str, Any]:
        run = self.session.run
        assert run is not None  # it was judged
        own = numbered(decision, run)
        return {"event": event, "run": run.name, "path": str(run.path), "text": str(own), "decision": own.to_dict()}


def _was_done(kind: Kind, memory: Memory, before: Sequence[Observation]) -> bool:
    """Whether it was done for this training before; if so, print that, since nothing else shows it."""
    if not memory.is_done(kind, before):
        return False
    complain(f"skipped: the {kind} was done before for this training; to repeat it, delete {named(memory.file)}")
    return True


def _remember(kind: Kind, memory: Memory, before: Sequence[Observation]) -> None:
    try:
        memory.remember(kind, before)
    except OSError as error:
        complain(f"a restart would act again, since that could not be noted: {error}")


def _looks(follower: Follower, interval: float, idle: float | None, *, once: bool) -> Iterator[Reading]:
    """Readings, one after the other, until the log has been idle for long enough."""
    changed = time.monotonic()
    while True:
        started = time.monotonic()
        reading = follower.look()
        took = time.monotonic() - started
        if once:
            yield dataclasses.replace(follower.look(), is_settled=True)  # what is there now is taken as complete
            return
        yield reading
        changed = changed if reading.is_settled else time.monotonic()
        if idle is not None and time.monotonic() - changed > idle:
            return
        time.sleep(max(interval, LEISURE * took))


def _show(watcher: Watcher, looks: Iterator[Reading], *, once: bool) -> None:
    console = Console()
    if once:
        for reading in looks:
            watcher.take(reading)
        for line in _block(watcher):
            say(line)
        if watcher.problem:
            complain(watcher.problem)
        return
    if not console.is_terminal:
        _print_lines(watcher, looks)
        return
    with Live(console=console, auto_refresh=False) as live:
        for reading in looks:
            watcher.take(reading)
            live.update(_picture(watcher, console.width), refresh=True)


def _print_lines(watcher: Watcher, looks: Iterator[Reading]) -> None:
    """Print lines for a pipe: each decision, and once each problem that hinders the next one."""
    followed, reported = "", set[str]()
    for reading in looks:
        if reading.run is not None and reading.run.name != followed:
            if followed:
                say(f"{printable(reading.run.name)} is followed now")
            followed = reading.run.name
        for line in () if reading.run is None else reading_lines(reading.run.assumed):
            if line not in reported:
                reported.add(line)
                say(printable(line))
        for decision in watcher.take(reading):
            say(str(decision))
        if reading.is_settled and reading.problem and reading.problem not in reported:  # others pass by themselves
            reported.add(reading.problem)
            complain(reading.problem)
    if ahead := _outlook_of(watcher):
        say(ahead)


def _block(watcher: Watcher) -> list[str]:
    """The lines about a training at one look: its name, what it looks like, what to do, its outlook."""
    session, run = watcher.session, watcher.session.run
    if run is None or not session.decisions:
        return []
    decision = session.stop or session.decisions[-1]
    seen = [each for each in session.seen if each.step <= decision.step]
    settings = settings_for(run, session.settings, is_over=False)
    cause: Cause = "would_stop" if session.stop is not None else "goes_on"
    budget = {Unknown.BUDGET: OPTIONS[Unknown.BUDGET]}
    unknown = [with_option(str(each), budget.get(each.what)) for each in not_known_of(run, settings)]
    lines = [
        *summary_of(decision, Ending.of(seen, decision, settings), cause=cause).splitlines(),
        _since(decision, session.decisions[-1]),
        _outlook_of(watcher),
        f"Not known: {'; '.join(unknown)}." if unknown else "",
        *reading_lines(run.assumed),
    ]
    return [printable(run.name), *(f"  {printable(line)}" for line in lines if line)]


def _since(stop: Decision, latest: Decision) -> str:
    """A sentence if the training went on after its stop and got better; empty otherwise."""
    if latest.best_step is None or latest.best_step == stop.best_step:
        return ""
    return f"It went on and got better: {value(latest.best_value)} at {at(latest.best_step, latest.counter)}."


def _outlook_of(watcher: Watcher) -> str:
    """The outlook of a training that has not been stopped; empty if it is not known."""
    session, run = watcher.session, watcher.session.run
    forecast = session.forecast
    if run is None or session.stop is not None or forecast is None or not forecast.path:
        return ""
    return outlook(forecast, run.counter, session.seen)


def _picture(watcher: Watcher, width: int) -> Group:
    """The curve, the verdict and why."""
    session, run = watcher.session, watcher.session.run
    band = band_of(None if session.stop else session.forecast)
    lines = [Text(line) for line in chart(session.seen, min(width, 100), band=band)]
    if run is not None and session.decisions:
        latest, unit = numbered(session.decisions[-1], run), run.unit
        head = Text(f"{printable(run.name)}: {unit} {latest.step}, ")
        head.append(verdict_of(latest), f"bold {COLOURS[latest.verdict]}")
        lines += [head, Text(printable(latest.reason))]
        if latest.best_value is not None and latest.best_step is not None:
            lines.append(Text(f"best {value(latest.best_value)} at {unit} {latest.best_step}"))
        stop = None if session.stop is None else numbered(session.stop, run)
        if ahead := _outlook_of(watcher):
            lines.append(Text(ahead, "cyan"))
        state = f"stop at {unit} {stop.step}: {stop.reason}" if stop else _left(watcher)
        lines.append(Text(state, "bold red" if stop else "dim"))
        lines += [Text(printable(line), "yellow") for line in reading_lines(run.assumed)]
    if watcher.problem:
        lines.append(Text(printable(watcher.problem), "yellow"))
    return Group(*lines)


def _left(watcher: Watcher) -> str:
    """When the budget ends, if the budget and the time are known."""
    session, run = watcher.session, watcher.session.run
    budget = session.settings.max_epochs or (run.planned if run else None)
    last = session.seen[-1]
    if budget is None or not last.elapsed or last.step == 0:
        return "goes on"
    hours = last.elapsed / (last.step + 1) * (budget - last.step - 1) / 3600
    unit = run.counter if run else Counter()
    return f"goes on; its budget of {steps(budget, unit)} ends in {duration(hours)} at this pace"
