"""Where each of several rules would have stopped a run: all rules in one pass over the curves of many runs.

What the rules ask of a curve is read once for all of them, and of all runs at once (`read_together`); of the default
rule all but the tolerance is judged once, and no words are made.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convergence_callbacks.core.compose import AnyOf
from convergence_callbacks.core.criteria import diagnosis
from convergence_callbacks.core.criteria.criterion import Finding
from convergence_callbacks.core.criteria.default import CURABLE, WITHOUT_TOLERANCE, told
from convergence_callbacks.core.criteria.diagnosis import Diagnosis
from convergence_callbacks.core.criteria.expected_gain import ExpectedGain, expecting, is_expected
from convergence_callbacks.core.curves import GrowingCurve
from convergence_callbacks.core.models.further_gain.model import further_gain
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.read_together import read_together
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.logs.run import Run
from convergence_callbacks.replay import budget_of, with_schedule


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


def outcomes_of(runs: Sequence[Run], rules: Sequence[Settings], *, schedule_known: bool = False) -> list[Outcome]:
    """Show runs to several rules at once; each stops where a monitor with its settings would.

    Args:
        runs: The runs; a few dozen of the same length take the least time a run.
        rules: Settings that differ in nothing but criteria, tolerance, `min_epochs` and `stop_on`.
        schedule_known: Whether the rules are told the learning rates of the log in advance; see `replay.with_schedule`.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Observation, Patience
    >>> losses = [3.0, 2.0, 1.0, 1.5, 1.5, 1.5, 1.5, 0.5]
    >>> seen = tuple(Observation(step=epoch, val_loss=loss) for epoch, loss in enumerate(losses))
    >>> run = Run(name="example", path=Path("a.csv"), format="CSV", observations=seen)
    >>> [outcome] = outcomes_of([run], [Settings(criteria=Patience(3)), Settings(criteria=Patience(5))])
    >>> outcome.spent, outcome.lost
    ((6, 8), (0.2, 0.0))
    """
    within = functools.cache(lambda budget: [_Rule(_within(rule, budget)) for rule in rules])
    panels = []
    for run in runs:
        known = within(budget_of(run))
        if schedule_known:
            known = [_Rule(with_schedule(rule.settings, run)) for rule in known]
        panels.append(_Panel(run, known))
    for place in range(max((len(run.observations) for run in runs), default=0)):
        seen = [(panel, panel.see(place)) for panel in panels if place < len(panel.run.observations)]
        read_together([signals for panel, signals in seen if panel.asks_for_much])
        for panel, signals in seen:
            panel.judge(signals)
    return [panel.outcome for panel in panels]


def _within(rule: Settings, budget: int | None) -> Settings:
    """The settings with the budget that a monitor would have been told, where they have none."""
    return dataclasses.replace(rule, max_epochs=rule.max_epochs or budget)


@dataclass(frozen=True)
class _Stop:
    """Where a rule stopped."""

    spent: int
    best: float
    seconds: float | None


class _Rule(Monitor):
    """A monitor that judges what another one has read, by criteria that the user named, or by limits alone."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(**vars(Settings.of(settings)))
        self.expected_gain = ExpectedGain(settings.tolerance)
        self._without_budget = dataclasses.replace(settings, max_epochs=None).criteria_and_limits()

    def for_run(self, run: Run) -> _Rule:
        """The same rule at the beginning of a run; settings are checked once, not for each."""
        rule = copy.copy(self)
        if run.steps <= (self.settings.max_epochs or run.steps):  # its budget ends no run before its end
            rule._criteria = self._without_budget
        rule.reset()
        return rule

    def ends(self, signals: Signals) -> bool:
        """Whether the training should end here; nothing is told, so nothing is computed for it."""
        if not self._criteria:
            return False
        self._state.criteria, found = self._criteria.step_each(self._state.criteria, signals)
        return any(self.may_end(finding, signals) for finding in found)

    @property
    def has_criteria(self) -> bool:
        """Whether anything but the default rule may end the training."""
        return self._criteria is not None

    def may_end(self, finding: Finding | None, signals: Signals) -> bool:
        """Whether a finding is a ground to end the training by this rule."""
        return finding is not None and self._may_end(finding, signals)


_WITHOUT_TOLERANCE = AnyOf.of(*WITHOUT_TOLERANCE)


class _Defaults:
    """The default rule at several tolerances, where the settings name no criteria."""

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._curable = any(verdict in CURABLE for rule in rules for verdict in rule.settings.stop_on)
        self.begin()

    def begin(self) -> None:
        """Forget the run."""
        self._state, self._diagnosis = _WITHOUT_TOLERANCE.start(), Diagnosis().start()
        self._expecting = ExpectedGain().start()

    def ending(self, signals: Signals, waiting: Sequence[_Rule]) -> list[_Rule]:
        """Those of the rules that have not stopped yet by which the training should end here; as `Default` says."""
        if signals.judged and not signals.is_due:
            return []
        self._state, findings = _WITHOUT_TOLERANCE.step_each(self._state, signals)
        if diagnosis.is_diagnosed(signals):
            self._diagnosis = diagnosis.diagnosed(self._diagnosis, signals)
        expected = None
        if is_expected(signals):
            self._expecting = expecting(self._expecting, signals)
            expected = further_gain(self._expecting["worth"])
        found, ending = {finding.criterion: finding for finding in findings}, []
        for rule in waiting:
            settled = None if expected is None else rule.expected_gain.settled(expected, signals)
            if (settled or found or self._curable) and rule.may_end(self._told(found, settled, signals), signals):
                ending.append(rule)
        return ending

    def _told(self, found: Mapping[str, Finding], settled: Finding | None, signals: Signals) -> Finding | None:
        all_found = dict(found)
        if diagnosis.is_diagnosed(signals):
            all_found[Diagnosis.name] = _named(diagnosis.finding(self._diagnosis, signals), Diagnosis.name)
        if settled is not None:
            all_found[ExpectedGain.name] = _named(settled, ExpectedGain.name)
        return told(all_found, self._diagnosis, signals)


def _named(finding: Finding, criterion: str) -> Finding:
    return dataclasses.replace(finding, criterion=criterion)


class _Panel(Monitor):
    """A monitor that reads the curve once and shows it to all rules that have not stopped yet."""

    def __init__(self, run: Run, rules: Sequence[_Rule]) -> None:
        self.run = run
        self._rules = [rule.for_run(run) for rule in rules]
        self._by_default = [rule for rule in self._rules if not rule.settings.criteria]
        self._defaults = _Defaults(self._by_default)
        self._by_criteria = [rule for rule in self._rules if rule.has_criteria]
        self._growing = GrowingCurve()
        self._stops: dict[_Rule, _Stop] = {}
        self._best = self._gain = math.nan
        first = rules[0].settings
        super().__init__(
            max_epochs=first.max_epochs,
            mode=first.mode,
            baseline_loss=first.baseline_loss,
            lr_schedule=first.lr_schedule,
        )

    @property
    def asks_for_much(self) -> bool:
        """Whether a rule that has not stopped yet is the default one, or part of it."""
        return bool(self._by_default)

    def see(self, place: int) -> Signals:
        """Take in an observation, and give what can be read then."""
        observation = self.run.observations[place]
        signals = self._signals(observation, self._take_in(observation))
        self._growing.hand_to(signals)
        return signals

    def judge(self, signals: Signals) -> None:
        """Show it to the rules."""
        if signals.curve.count:
            self._best, self._gain = signals.curve.best, signals.total_gain
        ending = self._defaults.ending(signals, self._by_default) if self._by_default else []
        ending += [rule for rule in self._by_criteria if rule.ends(signals)]
        if ending:
            stop = _Stop(signals.observation.step + 1, self._best, signals.observation.elapsed)
            self._stops |= dict.fromkeys(ending, stop)
            self._by_default = [rule for rule in self._by_default if rule not in ending]
            self._by_criteria = [rule for rule in self._by_criteria if rule not in ending]

    @property
    def outcome(self) -> Outcome:
        """What the rules made of the run, once it was seen to its end."""
        steps, seconds = self.run.steps, self.run.seconds
        stops = [self._stops.get(rule) or _Stop(steps, self._best, seconds) for rule in self._rules]
        return Outcome(
            run=self.run.name,
            steps=steps,
            seconds=seconds,
            spent=tuple(stop.spent for stop in stops),
            seconds_spent=tuple(stop.seconds for stop in stops),
            lost=tuple((stop.best - self._best) / self._gain if self._gain > 0 else math.nan for stop in stops),
        )

    def _judge_by_validation(self) -> None:
        super()._judge_by_validation()
        self._defaults.begin()
        for rule in self._rules:
            rule._judge_by_validation()
