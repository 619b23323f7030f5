"""Where each of several rules would have stopped a run: all of them in one pass over its curve."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Finding
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.logs.run import Run
from convergence_callbacks.replay import budget_of


@dataclass(frozen=True)
class Outcome:
    """What several rules made of one run; the lists have an item for each rule.

    Args:
        run: Its name.
        steps: Epochs that were logged.
        seconds: Their time, None where it was not logged.
        spent: Epochs up to the stop, all of them where there was none.
        seconds_spent: Their time.
        lost: What the best value up to the stop gives up of the run's gain, as a share of it; NaN where the run
            gained nothing.
    """

    run: str
    steps: int
    seconds: float | None
    spent: tuple[int, ...]
    seconds_spent: tuple[float | None, ...]
    lost: tuple[float, ...]


def outcome_of(run: Run, rules: Sequence[Settings]) -> Outcome:
    """Show a run to several rules at once; each stops where a monitor with its settings would.

    Args:
        run: The run.
        rules: Settings that differ in nothing but criteria, tolerance, `min_epochs` and `stop_on`.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Observation, Patience
    >>> losses = [3.0, 2.0, 1.0, 1.5, 1.5, 1.5, 1.5, 0.5]
    >>> seen = tuple(Observation(step=epoch, val_loss=loss) for epoch, loss in enumerate(losses))
    >>> run = Run(name="example", path=Path("a.csv"), format="CSV", observations=seen)
    >>> outcome = outcome_of(run, [Settings(criteria=Patience(3)), Settings(criteria=Patience(5))])
    >>> outcome.spent, outcome.lost
    ((6, 8), (0.2, 0.0))
    """
    rules = [dataclasses.replace(rule, max_epochs=rule.max_epochs or budget_of(run)) for rule in rules]
    panel = _Panel(rules)
    for observation in run.observations:
        panel.observe(observation)
    steps, seconds = run.steps, run.seconds
    stops = [stop or _Stop(steps, panel.best, seconds) for stop in panel.stops]
    return Outcome(
        run=run.name,
        steps=steps,
        seconds=seconds,
        spent=tuple(stop.spent for stop in stops),
        seconds_spent=tuple(stop.seconds for stop in stops),
        lost=tuple((stop.best - panel.best) / panel.gain if panel.gain > 0 else math.nan for stop in stops),
    )


@dataclass(frozen=True)
class _Stop:
    """Where a rule stopped."""

    spent: int
    best: float
    seconds: float | None


class _Rule(Monitor):
    """A monitor that judges what another one has read."""

    def ends(self, signals: Signals) -> bool:
        """Whether the training should end here; nothing is told, so nothing is computed for it."""
        state, found = self._state, list[Finding | None]()
        if self._criteria:
            state.criteria, criteria_found = self._criteria.step_each(state.criteria, signals)
            found += criteria_found
        if not self.settings.criteria:
            state.diagnosis, diagnosis = self._diagnosis.step(state.diagnosis, signals)
            found.append(diagnosis)
        return any(finding is not None and self._may_end(finding, signals) for finding in found)


class _Panel(Monitor):
    """A monitor that reads the curve once and shows it to all rules that have not stopped yet."""

    def __init__(self, rules: Sequence[Settings]) -> None:
        names = [field.name for field in dataclasses.fields(Settings)]
        self._rules = [_Rule(**{name: getattr(rule, name) for name in names}) for rule in rules]
        self.stops: list[_Stop | None] = [None] * len(rules)
        self.best = math.nan
        self.gain = math.nan
        first = rules[0]
        super().__init__(
            max_epochs=first.max_epochs,
            mode=first.mode,
            baseline_loss=first.baseline_loss,
            lr_schedule=first.lr_schedule,
        )

    def _judge(self, signals: Signals) -> Decision:
        curve, step = signals.curve, signals.observation.step
        if curve.count:
            self.best, self.gain = curve.best, signals.total_gain
        for index, rule in enumerate(self._rules):
            if self.stops[index] is None and rule.ends(signals):
                self.stops[index] = _Stop(step + 1, self.best, signals.observation.elapsed)
        return Decision(stop=False, verdict=Verdict.IMPROVING, step=step)

    def _judge_by_validation(self) -> None:
        super()._judge_by_validation()
        for rule in self._rules:
            rule._judge_by_validation()
