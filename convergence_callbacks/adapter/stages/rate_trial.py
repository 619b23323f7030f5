"""The learning rate is raised where it is too low, tried for some epochs, and kept or put back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.trained import Experimental
from convergence_callbacks.core.curve.schedule import times_schedule
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.experiments.probe import judged_loss
from convergence_callbacks.experiments.rate_trial import RateTrial

CHANGES = ("raise_lr", "keep_lr", "undo_lr")
"""Actions that are reported when they happen."""


class RateTrialStage:
    """Does what `RateTrial` decides to the model.

    Args:
        monitor: It has to know the rates to come as they are now.
        complaints: Where a rate can't be changed, that is reported here.
        knows_schedule: Whether the user gave the schedule, which is then that of the rate before it was raised.
        saves_weights: Whether a saved state may hold arrays.

    Attributes:
        trial: The raises of the run so far.
        before: Weights and moments from before the raise that is on trial.
    """

    name = "rate_trial"

    def __init__(self, monitor: Monitor, complaints: Complaints, *, knows_schedule: bool, saves_weights: bool) -> None:
        self._monitor, self._complaints = monitor, complaints
        self._knows_schedule, self._saves_weights = knows_schedule, saves_weights
        self.trial = RateTrial()
        self.before: Any = None

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take the raises out of a saved state."""
        self.trial = RateTrial.from_dict(saved["trial"])
        self.before = saved.get("before")
        if self._knows_schedule:
            self._scale_schedule(self.trial.raised)

    def state(self) -> dict[str, Any]:
        """The raises, and the weights of before where a state may hold them."""
        holds = self._saves_weights and self.before is not None
        return {"trial": self.trial.to_dict(), **({"before": self.before} if holds else {})}

    def grounds(self) -> dict[str, Any]:
        """The raises, the one on trial too."""
        return self.trial.to_dict()

    def after(self, decision: Decision, observation: Observation, trained: Experimental) -> Decision:
        """Change the rate, or put it back with the weights of before, where that is due, and say so."""
        self.trial = self.trial.after(decision, judged_loss(observation), self._monitor.settings.direction)
        try:
            self._change(trained)
        except Exception as error:  # a schedule of somebody's own that can't be changed must not end the training
            self.trial = RateTrial(failed=True)
            self._complaints.make(ConvergenceError(f"the learning rate can't be changed: {error!r}"), about="rate")
        return self.trial.said_of(decision, observation.lr)

    def _change(self, trained: Experimental) -> None:
        act, times = self.trial.act, self.trial.times
        if act == "raise":
            self.before = trained.state()
            self._scale(trained, times)
        elif act == "undo":
            self._scale(trained, 1 / times)
            trained.restore(self.before)
        if act in {"keep", "undo"}:
            self.before = None

    def _scale(self, trained: Experimental, times: float) -> None:
        trained.scale_rate(times)
        self._scale_schedule(times)

    def _scale_schedule(self, times: float) -> None:
        schedule = self._monitor.settings.lr_schedule
        if schedule is not None and times != 1:
            self._monitor.follow(times_schedule(schedule, times))
