"""Where each of several rules would have stopped a run: all rules in one pass over the curves of many runs.

Each rule is a monitor that is asked whether the run ends. What they read of a curve is read once for all of them, and
of all runs at once (`side_by_side`).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from convergence_callbacks.core.criterion import AnyOf, Criterion
from convergence_callbacks.core.curve.reading import Reading, side_by_side
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.assumption import Assumption
from convergence_callbacks.logs.run import Run
from convergence_callbacks.replay import as_judged, budget_of, check_metrics, is_schedule_known, with_schedule


@dataclass(frozen=True)
class Outcome:
    """What several rules made of one run; the lists have an item for each rule.

    Args:
        run: Its name.
        steps: Epochs that were logged.
        seconds: Their time, None where it was not logged.
        spent: Epochs up to the stop, all of them where there was none.
        seconds_spent: Their time.
        lost: What the best value up to the stop loses of the run's gain, as a share of it; NaN where the run
            gained nothing.
        assumed: What was assumed in reading it, and what in it is doubtful.
    """

    run: str
    steps: int
    seconds: float | None
    spent: tuple[int, ...]
    seconds_spent: tuple[float | None, ...]
    lost: tuple[float, ...]
    assumed: tuple[Assumption, ...] = ()


def outcomes_of(runs: Sequence[Run], rules: Sequence[Settings], *, schedule_known: bool = False) -> list[Outcome]:
    """Show runs to several rules at once; each stops where a monitor with its settings would.

    Args:
        runs: The runs; a few dozen of the same length take the least time a run.
        rules: Settings that differ in nothing but criteria, tolerance, `min_epochs` and `stop_on`.
        schedule_known: Whether the rules know the learning rates of the log in advance; see `replay.with_schedule`.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Observation, Patience
    >>> losses = [3.0, 2.0, 1.0, 1.5, 1.5, 1.5, 1.5, 0.5]
    >>> seen = tuple(Observation(step=epoch, val_loss=loss) for epoch, loss in enumerate(losses))
    >>> run = Run(name="example", path=Path("a.csv"), format="CSV", observations=seen)
    >>> [outcome] = outcomes_of([run], [Settings(criteria=Patience(3)), Settings(criteria=Patience(5))])
    >>> outcome.spent, outcome.lost
    ((6, 8), (0.2, 0.0))
    """
    monitors = functools.cache(lambda budget: [Monitor.from_settings(_within(rule, budget)) for rule in rules])
    races = []
    for run in runs:
        for rule in rules:
            check_metrics(run, rule)
        entered = monitors(budget_of(run))
        if run.judged_by is not None:
            entered = [Monitor.from_settings(as_judged(monitor.settings, run)) for monitor in entered]
        if is_schedule_known(run, schedule_known):
            entered = [Monitor.from_settings(with_schedule(monitor.settings, run)) for monitor in entered]
        races.append(_Race(run, entered))
    for place in range(max((len(run.observations) for run in runs), default=0)):
        read = [(race, race.read(place)) for race in races if place < len(race.run.observations)]
        running = [(race, reading) for race, reading in read if race.is_on]
        side_by_side(reading for _, reading in running)
        for race, reading in running:
            race.judge(reading)
    return [race.outcome for race in races]


def _within(rule: Settings, budget: int | None) -> Settings:
    """The settings, with the budget that a monitor would have had if they have none."""
    return dataclasses.replace(rule, max_epochs=rule.max_epochs or budget)


@dataclass(frozen=True)
class _Stop:
    """Where a rule stopped."""

    spent: int
    best: float
    seconds: float | None


def _reading_all(monitors: Sequence[Monitor]) -> Monitor:
    """A monitor that reads whatever the rules of several read."""
    first = monitors[0].settings
    rules = [rule for monitor in monitors if isinstance(rule := monitor.settings.criteria, Criterion)]
    return Monitor.from_settings(dataclasses.replace(first, criteria=AnyOf.of(*rules) if rules else None))


class _Race:
    """One run, and the monitors that have not ended it yet; the first reads the curve for all of them."""

    def __init__(self, run: Run, monitors: Sequence[Monitor]) -> None:
        self.run = run
        self._rules = len(monitors)
        self._reader = _reading_all(monitors)
        self._waiting = {rule: monitor.fresh() for rule, monitor in enumerate(monitors)}
        self._stops: dict[int, _Stop] = {}
        self._best = self._gain = math.nan

    @property
    def is_on(self) -> bool:
        """Whether some monitor has not ended the run yet."""
        return bool(self._waiting)

    def read(self, place: int) -> Reading:
        """Add an observation, and return the reading."""
        reading = self._reader.read(self.run.observations[place])
        if reading.curve.count:
            self._best, self._gain = reading.curve.best, reading.total_gain
        return reading

    def judge(self, reading: Reading) -> None:
        """Ask all that have not ended the run yet."""
        for rule in [rule for rule, monitor in self._waiting.items() if monitor.ends(reading)]:
            del self._waiting[rule]
            self._stops[rule] = _Stop(reading.observation.step + 1, self._best, reading.observation.elapsed)

    @property
    def outcome(self) -> Outcome:
        """What the rules made of the run, once it was seen to its end."""
        steps, seconds = self.run.steps, self.run.seconds
        stops = [self._stops.get(rule) or _Stop(steps, self._best, seconds) for rule in range(self._rules)]
        return Outcome(
            run=self.run.name,
            steps=steps,
            seconds=seconds,
            spent=tuple(stop.spent for stop in stops),
            seconds_spent=tuple(stop.seconds for stop in stops),
            lost=tuple((stop.best - self._best) / self._gain if self._gain > 0 else math.nan for stop in stops),
            assumed=self.run.assumed,
        )
