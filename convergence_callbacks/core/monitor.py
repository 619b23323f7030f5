"""The monitor: owns the state of one training, feeds it to the criteria and says what they found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from convergence_callbacks.core.compose import gravest, joined
from convergence_callbacks.core.constructor import representation, takes
from convergence_callbacks.core.criteria.criterion import Finding
from convergence_callbacks.core.criteria.default import Default
from convergence_callbacks.core.curve import Curve
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.loss_forecast import Forecast, Loss, forecast_loss
from convergence_callbacks.core.monitor_state import MonitorState, damage_told
from convergence_callbacks.core.observation import Observation, as_number, as_step, finite_or_nan, is_finite
from convergence_callbacks.core.scores import beside_scores, scores_after
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class MonitorSettings(Settings):
    """The settings, and the clock that a program may hand over beside them."""

    clock: Callable[[], float] | None = setting(
        "returns seconds, for `TimeBudget`; the system's clock when left out", None
    )


class Monitor:
    """Judges one training, an epoch at a time.

    >>> monitor = Monitor(max_epochs=100)
    >>> for epoch in range(100):
    ...     decision = monitor.update(train_loss=0.9**epoch, val_loss=0.1 + 0.9**epoch)
    ...     if decision.stop:
    ...         break
    >>> decision.verdict.value, epoch < 99
    ('converged', True)
    """

    default_clock: ClassVar[Callable[[], float] | None] = None
    """The clock of a monitor that is given none; the core itself knows no time."""

    @takes(MonitorSettings)
    def __init__(self, settings: MonitorSettings) -> None:
        self.settings: Settings = settings
        self._clock = settings.clock or type(self).default_clock
        self._sign = -1.0 if settings.mode == "max" else 1.0
        self._diagnosis = Default(settings.tolerance)
        self._criteria = settings.criteria_and_limits()
        self.reset()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A monitor with these settings; of a callback's, with those that are for a monitor."""
        return cls(**vars(Settings.of(settings)))

    def __repr__(self) -> str:
        return representation(self, self.settings)

    @property
    def decision(self) -> Decision | None:
        """The latest decision, None before the first epoch."""
        return self._state.decision

    @property
    def has_validation(self) -> bool:
        """Whether there was a validation loss: from the first one on it is what is judged, before it the train loss."""
        return self._state.has_validation

    def reset(self) -> None:
        """Forget the run; the settings stay."""
        self._resume(MonitorState(self._diagnosis.start(), self._criteria.start() if self._criteria else {}))

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
            step: The epoch's number, counted from 0; one after the last when left out or no number. An epoch
                that is not after the last one observed was judged already and changes nothing.
            **metrics: Other named numbers: scores such as ``val_acc`` are told beside a loss that rises.

        Returns:
            What to do and why. Values that are missing, not finite or no numbers at all never raise; they
            are counted in the evidence.
        """
        last = self._state.decision
        observation = Observation(
            step=as_step(step, otherwise=last.step + 1 if last else 0),
            train_loss=as_number(train_loss),
            val_loss=as_number(val_loss),
            lr=as_number(lr),
            elapsed=self.elapsed(),
            metrics={name: number for name, value in metrics.items() if (number := as_number(value)) is not None},
        )
        return self.observe(observation)

    def observe(self, observation: Observation) -> Decision:
        """Take in one epoch that was recorded as an `Observation`; see `update`."""
        state = self._state
        if state.decision and observation.step <= state.decision.step:
            state.repeated_total += 1
            return dataclasses.replace(state.decision, evidence={**state.decision.evidence, **self._state.faults()})
        state.elapsed = observation.elapsed or state.elapsed
        judged = self._take_in(observation)
        is_best = judged and state.curve.best_step == observation.step
        state.scores = scores_after(state.scores, observation.metrics, is_best)
        state.decision = self._judge(self._signals(observation, judged))
        return state.decision

    def forecast(self, of: Loss = "judged") -> Forecast | None:
        """Where the training is going, as seen from the latest epoch; computed when asked, in a few milliseconds.

        Args:
            of: ``"judged"`` for the judged loss, ``"train"`` for the train loss.

        Returns:
            The loss at the end, the epochs that are left and the rate of convergence, each with a 90 % interval;
            None before the fifth epoch.
        """
        last = self._state.decision
        if last is None:
            return None
        return forecast_loss(self._signals(Observation(step=last.step)), self.settings.tolerance, of)

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on later, in plain types that JSON takes; below 16 kB."""
        return {"mode": self.settings.mode, **self._state.to_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state: the decisions are those of a monitor that was never stopped.

        The settings stay those of this monitor, so what the user changed since is respected.

        Raises:
            StateError: The state is damaged, foreign, from a newer version, or from the other mode.
                This monitor is then as it was before.
        """
        read = MonitorState.from_dict(state)
        if state.get("mode") != self.settings.mode:
            raise StateError(
                f"the state was saved with mode {state.get('mode')!r}, this monitor has {self.settings.mode!r}"
            )
        with damage_told():
            read.diagnosis = self._diagnosis.restore(read.diagnosis)
            read.criteria = self._criteria.restore(read.criteria) if self._criteria else {}
        self._resume(read)

    def _resume(self, state: MonitorState) -> None:
        self._state = state
        self._elapsed_before = state.elapsed
        self._started = self._clock() if self._clock else 0.0

    def elapsed(self) -> float | None:
        """Seconds of training so far, those before a resume included; None without a clock."""
        return self._elapsed_before + self._clock() - self._started if self._clock else None

    def _signals(self, observation: Observation, judged: bool = True) -> Signals:
        baseline = self.settings.baseline_loss
        return Signals(
            observation=observation,
            curve=self._state.curve,
            sign=self._sign,
            judged=judged,
            has_validation=self._state.has_validation,
            non_finite=self._state.non_finite,
            max_epochs=self.settings.max_epochs,
            baseline=None if baseline is None else self._sign * baseline,
            lr_schedule=self.settings.lr_schedule,
        )

    def _take_in(self, observation: Observation) -> bool:
        """Add the epoch to the curve; False where it brought no finite judged loss."""
        state = self._state
        val, train = observation.val_loss, observation.train_loss
        if is_finite(val) and not state.has_validation:
            self._judge_by_validation()
        judged = val if state.has_validation else train
        if judged is not None and is_finite(judged):
            state.non_finite = state.non_finite + 1 if self._train_loss_broke(train) else 0
            known = self._sign * finite_or_nan(train)
            state.curve.add(observation.step, self._sign * judged, known, finite_or_nan(observation.lr))
            return True
        if judged is None and (train is None or is_finite(train)):
            state.missing_total += 1
        else:
            state.non_finite += 1
            state.non_finite_total += 1
        return False

    def _train_loss_broke(self, train: float | None) -> bool:
        """Whether a train loss that was a number is none any more; one that never was is not computed at all."""
        return train is not None and not is_finite(train) and bool(np.isfinite(self._state.curve.train).any())

    def _judge_by_validation(self) -> None:
        """Start the curve over with the first validation loss: train losses before it are no measure for it."""
        self._state.has_validation = True
        self._state.curve = Curve()
        self._state.diagnosis = self._diagnosis.start()
        self._state.criteria = self._criteria.start() if self._criteria else {}

    def _judge(self, signals: Signals) -> Decision:
        state = self._state
        state.diagnosis, diagnosis = self._diagnosis.step(state.diagnosis, signals)
        found: list[Finding] = []
        if self._criteria:  # each by itself: a graver finding that may not end the run must not hide one that may
            state.criteria, found = self._criteria.step_each(state.criteria, signals)
        candidates = found if self.settings.criteria else [diagnosis, *found]
        ending = [finding for finding in candidates if finding and self._may_end(finding, signals)]
        if not (signals.is_due or diagnosis or ending):  # nothing new: what was said last still holds
            return self._unchanged(signals)
        return self._decision(signals, diagnosis, gravest(ending))

    def _may_end(self, finding: Finding, signals: Signals) -> bool:
        least = min(self.settings.min_epochs, self.settings.max_epochs or self.settings.min_epochs)
        early, verdict = signals.observation.step + 1 < least, finding.ends_as or finding.verdict
        return finding.ends and not early and (verdict is None or verdict in self.settings.stop_on)

    def _decision(self, signals: Signals, diagnosis: Finding | None, ending: Finding | None) -> Decision:
        told = beside_scores(joined(ending, diagnosis), self._state.scores)
        curve = signals.curve
        return Decision(
            stop=ending is not None,
            verdict=told.verdict or Verdict.IMPROVING,
            step=signals.observation.step,
            best_step=curve.best_step if curve.count else None,
            best_value=self._sign * curve.best if curve.count else None,
            reason=told.reason,
            criterion=told.criterion,
            evidence={**signals.summary(), **told.evidence, **self._state.faults()},
            advice=told.advice,
            confidence=told.confidence,
        )

    def _unchanged(self, signals: Signals) -> Decision:
        last, curve = self._state.decision, signals.curve
        if last is None:
            return self._decision(signals, None, None)
        waited = {"epochs_since_best": signals.wait} if curve.count else {}
        return dataclasses.replace(
            last,
            stop=False,
            step=signals.observation.step,
            best_step=curve.best_step if curve.count else None,
            best_value=self._sign * curve.best if curve.count else None,
            evidence={**last.evidence, **waited, **self._state.faults()},
        )
