"""The monitor: owns the state of one training, shows its curve to the criteria and decides from what they find."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from convergence_callbacks.core import scores
from convergence_callbacks.core.constructor import representation, takes
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.criterion import DirectionOf, Finding, LazyEvidence, gravest, joined_evidence
from convergence_callbacks.core.curve.reading import Metric, Reading
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError, as_state_error
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.forecast import Forecast, Loss
from convergence_callbacks.core.lock import Lock, one_at_a_time
from convergence_callbacks.core.monitor_state import MonitorState
from convergence_callbacks.core.observation import Observation, as_number, as_step
from convergence_callbacks.core.rule.default import Default
from convergence_callbacks.core.rule.diagnosis import Diagnosis, can_diagnose
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.track import Circumstances, Track
from convergence_callbacks.core.verdict import Verdict

NOTHING = Finding(verdict=Verdict.IMPROVING, confidence=0.0, ends=False)
"""What is reported while nobody has found anything."""


@dataclass(frozen=True, kw_only=True)
class MonitorSettings(Settings):
    """The settings, and what only a program can give."""

    clock: Callable[[], float] | None = setting(
        "returns seconds, for `TimeBudget`; the system's clock when left out", None
    )
    counter: Counter = setting("what steps are called and how they are numbered, in the words of decisions", Counter())


class Monitor:
    """Judges one training, one epoch at a time, called from any thread.

    >>> monitor = Monitor(max_epochs=100)
    >>> for epoch in range(100):
    ...     decision = monitor.update(train_loss=0.9**epoch, val_loss=0.1 + 0.9**epoch)
    ...     if decision.stop:
    ...         break
    >>> decision.verdict.value, epoch < 99
    ('converged', True)
    """

    default_clock: ClassVar[Callable[[], float] | None] = None
    """The clock of a monitor that is given none; the package sets it, since the core reads no clock."""

    from_file: ClassVar[Callable[..., Any] | None] = None
    """Builds an object of a class from a YAML file; the package sets it, since the core reads no files."""

    forecaster: ClassVar[Callable[[Reading, float, Loss], Forecast | None] | None] = None
    """Forecasts where a training is going; the package sets it, since no decision needs it."""

    is_score: ClassVar[Callable[[str], bool]] = staticmethod(lambda name: False)
    """Whether a metric is a score that is not on training data, by its name; the package sets it."""

    check_names: ClassVar[Callable[..., None]] = staticmethod(lambda *given: None)
    """Refuses a first epoch with a loss under another name, or without a named metric; the package sets it."""

    direction_of: ClassVar[DirectionOf] = staticmethod(lambda name, mode: mode if mode != "auto" else "min")
    """Whether less or more of a metric is better, by its name; the package sets it."""

    value_of: ClassVar[Callable[[str, Mapping[str, float]], float | None]] = staticmethod(
        lambda name, metrics: metrics.get(name)
    )
    """The value of a metric, however its name is spelled; the package sets it."""

    @takes(MonitorSettings)
    def __init__(self, settings: MonitorSettings) -> None:
        self.settings = Settings.of(settings)
        self.counter = settings.counter
        self._clock = settings.clock or type(self).default_clock
        self._default = Default(settings.tolerance)
        given = settings.criteria_and_limits()
        self._criteria = given.directed(type(self).direction_of) if given else None
        self._metrics = sorted(self._criteria.metrics) if self._criteria else []
        self._lock = Lock()
        self._fewest = min(settings.min_epochs, settings.max_epochs or settings.min_epochs)
        self._circumstances = _circumstances(settings)
        self.reset()

    @classmethod
    def from_settings(cls, settings: Settings, *, counter: Counter = Counter()) -> Self:  # noqa: B008  # frozen
        """A monitor with these settings; those for callbacks alone are left out."""
        return cls(**vars(Settings.of(settings)), counter=counter)

    @classmethod
    def from_yaml(cls, path: Any, **overrides: Any) -> Self:
        """A monitor with the settings of a YAML file; those for callbacks alone are checked and left out.

        Args:
            path: Path of the file.
            **overrides: Settings that go before those of the file.

        Raises:
            SettingsError: Names file, line and setting, what was expected and the nearest known name.
            OSError: The file can't be read.
        """
        build = cls.from_file
        if build is None:
            raise NotImplementedError("the core reads no files; import convergence_callbacks")
        monitor: Self = build(cls, path, **overrides)
        return monitor

    def __repr__(self) -> str:
        return representation(self, self.settings)

    @property
    def decision(self) -> Decision | None:
        """The latest decision, None before the first epoch."""
        return self._state.decision

    @property
    def has_validation(self) -> bool:
        """Whether there was a validation loss: it is judged from the first one on, before that the train loss."""
        return self._state.track.has_validation

    def reset(self) -> None:
        """Forget the run; the settings stay."""
        self._resume(MonitorState(self._default.start(), self._criteria.start() if self._criteria else {}))

    def fresh(self) -> Self:
        """A monitor with the same settings that has seen nothing."""
        other = copy.copy(self)
        other.reset()
        return other

    def know(self, **settings: Any) -> None:
        """Change settings from now on, such as ``baseline_loss`` or ``lr_schedule`` once they are known."""
        self.settings = dataclasses.replace(self.settings, **settings)
        self._circumstances = _circumstances(self.settings)

    @one_at_a_time
    def update(
        self,
        *,
        train_loss: Any = None,
        val_loss: Any = None,
        lr: Any = None,
        step: int | None = None,
        **metrics: Any,
    ) -> Decision:
        """Take in one epoch and judge the training so far.

        Args:
            train_loss: Mean training loss of the epoch.
            val_loss: Validation loss after the epoch.
            lr: Learning rate used in the epoch.
            step: The epoch's number, counted from 0; by default the next one. An epoch that is not after the last
                one was judged already and changes nothing.
            **metrics: Other named numbers: criteria may judge them by name, and scores such as ``val_acc`` are
                reported beside a loss that rises.

        Returns:
            The decision. Values that are missing, not finite or not numbers never raise; the evidence counts them.

        Raises:
            MetricNotFoundError: The first epoch has a loss under another name, such as ``loss``, or lacks a metric
                that a criterion names.
        """
        last = self._state.decision
        losses = {"train_loss": train_loss, "val_loss": val_loss}
        if last is None:
            type(self).check_names(metrics, losses, self._metrics)
        if self._metrics:
            metrics = {**losses, **metrics}
        observation = Observation(
            step=as_step(step, otherwise=last.step + 1 if last else 0),
            train_loss=as_number(train_loss),
            val_loss=as_number(val_loss),
            lr=as_number(lr),
            elapsed=self.elapsed(),
            metrics=_numbers_of(metrics) if metrics else {},
        )
        return self.observe(observation)

    @one_at_a_time
    def observe(self, observation: Observation) -> Decision:
        """Take in one epoch that was recorded as an `Observation`; see `update`."""
        last, track = self._state.decision, self._state.track
        if last and observation.step <= last.step:
            track.repeated_total += 1
            return dataclasses.replace(last, evidence={**last.evidence, **track.shortcomings()})
        return self.judge(self.read(observation))

    def read(self, observation: Observation) -> Reading:
        """Take in one epoch, and read the curve for `judge`, or for `ends` of several monitors."""
        state = self._state
        state.elapsed = observation.elapsed or state.elapsed
        reading = state.track.take_in(observation, self._circumstances)
        if self._metrics:
            reading.metrics = {metric: self._read_of(metric, observation) for metric in self._metrics}
        return reading

    def _read_of(self, metric: Metric, observation: Observation) -> Reading:
        """Take in and read a metric that criteria name."""
        value = type(self).value_of(metric.name, observation.metrics)
        given = dataclasses.replace(self._circumstances, sign=-1.0 if metric.mode == "max" else 1.0, baseline=None)
        track = self._state.metrics.setdefault(metric, Track(has_validation=True))
        return track.take_in(dataclasses.replace(observation, train_loss=None, val_loss=value), given)

    def judge(self, reading: Reading) -> Decision:
        """Decide on an epoch that was read."""
        state, observation, curve = self._state, reading.observation, reading.curve
        grounds = self._found(reading)
        reported = self._reported(reading)
        if reported and not self.settings.criteria:
            grounds.append(reported)
        grounds = [finding for finding in grounds if self._may_end(finding, reading)]
        ending = gravest(grounds) if grounds else None
        if ending and not reported and can_diagnose(reading):  # a limit ends it between two looks
            reported = self._default.finding(state.diagnosis, reading)
        is_best = reading.judged and curve.best_step == observation.step
        if observation.metrics or state.scores:
            state.scores = scores.scores_after(state.scores, observation.metrics, is_best, type(self).is_score)
        is_early = reading.is_looked_at and not can_diagnose(reading)
        if reported or ending or is_early or not state.decision:
            state.decision = self._decided(reading, ending, reported)
        else:  # nothing new: what was decided last still holds
            state.decision = self._unchanged(state.decision, reading)
        return state.decision

    def ends(self, reading: Reading) -> bool:
        """Whether the training should end at an epoch that this or another monitor has read.

        For `compare`, which asks nothing else: what the criteria do not depend on is not computed. Ask one monitor
        either this or `judge`, not both.
        """
        grounds = self._found(reading)
        if not self.settings.criteria and (reported := self._reported(reading)):
            grounds.append(reported)
        return any(self._may_end(finding, reading) for finding in grounds)

    @one_at_a_time
    def forecast(self, of: Loss = "judged") -> Forecast | None:
        """Where the training is going, as seen from the latest epoch; computed when asked, in a few milliseconds.

        Args:
            of: ``"judged"`` for the judged loss, ``"train"`` for the train loss.

        Returns:
            The loss at the end, the epochs that are left and the rate of convergence, each with a 90% interval;
            None before the fifth epoch.
        """
        last, forecaster = self._state.decision, type(self).forecaster
        if forecaster is None:
            raise NotImplementedError("the core forecasts nothing; import convergence_callbacks")
        if last is None:
            return None
        reading = self._state.track.read(Observation(step=last.step), self._circumstances)
        return forecaster(reading, self.settings.tolerance, of)

    @one_at_a_time
    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on later, in JSON types: at most 16 kB, and as much for each metric of criteria."""
        return {"mode": self.settings.direction, **self._state.to_dict()}

    @one_at_a_time
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state, with the decisions of a monitor that was never stopped.

        The settings stay those of this monitor.

        Raises:
            StateError: The state is damaged, foreign, from a newer version, or from the other mode. Then nothing
                changes.
        """
        restored = MonitorState.from_dict(state)
        if state.get("mode") != self.settings.direction:
            raise StateError(
                f"the state was saved with mode {state.get('mode')!r}, this monitor has {self.settings.direction!r}"
            )
        with as_state_error():
            restored.diagnosis = self._default.restore(restored.diagnosis)
            restored.criteria = self._criteria.restore(restored.criteria) if self._criteria else {}
        restored.metrics = {metric: track for metric, track in restored.metrics.items() if metric in self._metrics}
        self._resume(restored)

    def elapsed(self) -> float | None:
        """Seconds of training so far, those before a resume included; None without a clock."""
        return self._elapsed_before + self._clock() - self._started if self._clock else None

    def _resume(self, state: MonitorState) -> None:
        self._state = state
        self._elapsed_before = state.elapsed
        self._started = self._clock() if self._clock else 0.0

    def _found(self, reading: Reading) -> list[Finding]:
        """What each criterion and limit found: a graver finding must not hide one that ends the run."""
        state, criteria = self._state, self._criteria
        if criteria is None:
            return []
        before = criteria.start() if reading.starts_over else state.criteria
        state.criteria, _ = criteria.step(before, reading)
        return criteria.findings(state.criteria, reading)

    def _reported(self, reading: Reading) -> Finding | None:
        """What the default rule says of the training; None where it says nothing new."""
        state, rule = self._state, self._default
        before = rule.start() if reading.starts_over else state.diagnosis
        state.diagnosis, says = rule.step(before, reading)
        return rule.finding(state.diagnosis, reading) if says else None

    def _may_end(self, finding: Finding, reading: Reading) -> bool:
        """Whether a finding ends the training; only this and `Finding.ends` decide that."""
        if reading.taken < self._fewest:
            return False
        return finding.ends is True or finding.ends in self.settings.stop_on

    def _decided(self, reading: Reading, ending: Finding | None, reported: Finding | None) -> Decision:
        found = (reported or NOTHING) if ending is None else _with_likely_cause(ending, reported)
        evidence = found.evidence.made if isinstance(found.evidence, LazyEvidence) else found.evidence
        numbers = {**reading.summary(), **evidence}
        if found.verdict is Verdict.OVERFITTING:
            numbers |= scores.score_numbers(self._state.scores)
        numbers |= self._state.track.shortcomings()
        return Decision(
            stop=ending is not None,
            verdict=found.verdict or Verdict.IMPROVING,
            step=reading.observation.step,
            **_best(reading),
            found_by=found.found_by,
            evidence={name: number for name, number in numbers.items() if math.isfinite(number)},
            confidence=found.confidence,
            counter=self.counter,
        )

    def _unchanged(self, last: Decision, reading: Reading) -> Decision:
        waited = {"epochs_since_best": reading.wait} if reading.curve.count else {}
        return Decision(
            stop=False,
            verdict=last.verdict,
            step=reading.observation.step,
            **_best(reading),
            found_by=last.found_by,
            evidence={**last.evidence, **waited, **self._state.track.shortcomings()},
            confidence=last.confidence,
            counter=last.counter,
        )


def _with_likely_cause(ending: Finding, reported: Finding | None) -> Finding:
    """The finding that ends the training; if that is a mere limit, with the verdict of the default rule."""
    if ending.verdict is not None or reported is None:
        return ending
    evidence = joined_evidence([ending, dataclasses.replace(reported, found_by=(Diagnosis.name,))])
    return dataclasses.replace(reported, evidence=evidence, found_by=ending.found_by)


def _numbers_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: number for name, value in metrics.items() if (number := as_number(value)) is not None}


def _best(reading: Reading) -> dict[str, Any]:
    curve = reading.curve
    return {"best_step": curve.best_step, "best_value": reading.sign * curve.best} if curve.count else {}


def _circumstances(settings: Settings) -> Circumstances:
    sign, baseline = settings.sign, settings.baseline_loss
    return Circumstances(
        sign=sign,
        max_epochs=settings.max_epochs,
        baseline=None if baseline is None else sign * baseline,
        lr_schedule=settings.lr_schedule,
        first_step=settings.start_from_epoch,
    )
