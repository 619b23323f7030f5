"""What a callback shares that may try other learning rates: on copies of its model, and on the run itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.curve.schedule import highest_ahead, times_schedule
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.experiments.probe import judged_loss, probe
from convergence_callbacks.experiments.probing import Probes
from convergence_callbacks.experiments.rate_trial import RateTrial

EXPERIMENTS = frozenset({"probe", "probe_budget", "on_false_convergence"})
"""The settings of experiments."""


class Trained(Protocol):
    """A model in the middle of its training, as its framework holds it."""

    def train_copy(self, times: float, collector: Any) -> Sequence[Observation]:
        """What is observed of a copy at so many times the rate, seen by a collector; the run is not touched."""

    def state(self) -> Any:
        """Weights and the optimisers' moments, safe from further training."""

    def take_up(self, state: Any) -> None:
        """Go on from such a state; the learning rate stays."""

    def scale_rate(self, times: float) -> None:
        """Multiply the learning rate, that of a schedule at every epoch to come."""


class Experimenting(Stopping):
    """A callback whose framework lets it train copies of its model, and change its learning rate."""

    def _construct(self) -> None:
        super()._construct()
        self._forget_experiments()

    def _forget_experiments(self) -> None:
        self._probes, self._trial = Probes(), RateTrial()
        self._before_raise: Any = None
        self._went_on = False

    def begin(self, *known: Any, **named: Any) -> None:
        """`Stopping.begin`; a schedule that the user gave is that of the rate before it was raised."""
        super().begin(*known, **named)
        if self.settings.lr_schedule is not None:
            self._scale_schedule(self._trial.raised)
        if self._went_on:  # what the curve alone said was no stop
            self.stopped_epoch, self._went_on = None, False

    def experimented(self, decision: Decision, observation: Observation, trained: Trained) -> Decision:
        """The decision after the experiments that are asked for and due, with what is to be done."""
        if self.settings.probe and self._trial.step is None:
            decision = self._probed(decision, observation, trained)
        if self.settings.on_false_convergence == "raise_lr":
            self._trial = self._trial.after(decision, judged_loss(observation), self.settings.mode)
            decision = self._trial.said_of(decision, observation.lr)
        return decision

    def change_rate(self, trained: Trained) -> bool:
        """Raise the learning rate, or put it back with the weights of before, where that was decided.

        Returns:
            Whether that was done.
        """
        act, times = self._trial.act, self._trial.times
        try:
            if act == "raise":
                self._before_raise = trained.state()
                self._probes = self._probes.acted_on()
                self._scale_rate(trained, times)
            elif act == "undo":
                self._scale_rate(trained, 1 / times)
                trained.take_up(self._before_raise)
        except Exception as error:  # a schedule of somebody's own that can't be changed must not end the training
            self._trial = RateTrial(failed=True)
            self._complain(ConvergenceError(f"the learning rate can't be changed: {error!r}"), about="rate")
        if act in {"keep", "undo"}:
            self._before_raise = None
        return act in {"raise", "undo"}

    def words(self, decision: Decision) -> str | None:
        """What is to be said of an epoch; a learning rate is not changed without a word."""
        changed = self._trial.act and not decision.stop and self.settings.verbose
        return str(decision) if changed else super().words(decision)

    def state_dict(self) -> dict[str, Any]:
        """The state of the run in plain types, that of its experiments too."""
        return {
            **super().state_dict(),
            "went_on": self.stopped_epoch is None,
            **({"probes": self._probes.to_dict()} if self.settings.probe else {}),
            **({"rate_trial": self._trial.to_dict()} if self.settings.on_false_convergence == "raise_lr" else {}),
        }

    def _take_up(self, saved: Mapping[str, Any]) -> None:
        super()._take_up(saved)
        self._probes = Probes.from_dict(saved.get("probes", {}))
        self._trial = RateTrial.from_dict(saved.get("rate_trial", {}))
        self._went_on = bool(saved.get("went_on", False))

    def _probed(self, decision: Decision, observation: Observation, trained: Trained) -> Decision:
        settings = self.settings
        acts = settings.on_false_convergence == "raise_lr" and self._trial.may_raise
        if self._probes.may_probe(decision, settings.probe_budget, acts=acts):
            known = self.monitor.settings  # a raise is one of the whole schedule
            highest = highest_ahead(known.lr_schedule, decision.step, known.max_epochs, observation.lr) if acts else 1.0
            try:
                probed = probe(
                    lambda times: trained.train_copy(highest * times, self._collector()),
                    observation,
                    decision,
                    settings.mode,
                    settings.probe_budget - self._probes.spent,
                    acts=acts,
                )
                self._probes = self._probes.after(decision.step, probed)
            except Exception as error:  # what the user's model can't do in a copy must not end the training
                self._probes = self._probes.after(decision.step, None)
                self._complain(ConvergenceError(f"the probe failed: {error!r}"), about="probe")
        return self._probes.said_of(decision, observation.lr, settings.stop_on)

    def _scale_rate(self, trained: Trained, times: float) -> None:
        trained.scale_rate(times)
        self._scale_schedule(times)

    def _scale_schedule(self, times: float) -> None:
        """Let the monitor know the rates to come as they are now."""
        settings = self.monitor.settings
        if settings.lr_schedule is not None and times != 1:
            self.monitor.follow(times_schedule(settings.lr_schedule, times))

    def _collector(self) -> Stopping:
        """A callback that collects what this one does, and neither stops nor says anything."""
        s = self.settings
        return type(self)(mode=s.mode, train_metric=s.train_metric, val_metric=s.val_metric, stop_on=(), verbose=False)
