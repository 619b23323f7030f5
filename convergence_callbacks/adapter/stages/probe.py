"""Trains copies of the model at other learning rates when a plateau is suspected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.adapter.trained import Experimental
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.experiments.probe import Probed, probe
from convergence_callbacks.experiments.probing import Probes
from convergence_callbacks.experiments.schedules import highest_ahead

EXPERIMENTS = frozenset({"probe", "probe_budget", "act"})
"""The settings of experiments with the model and its learning rate."""


class ProbeStage:
    """Trains the copies that `Probes` asks for, and reports what they showed.

    Args:
        settings: Those of the callback.
        monitor: It knows the rates to come.
        complaints: Reports a probe that fails.
        collector: Makes a callback that collects what that of the run does, and neither stops nor prints.
        act: The stage that raises the rate if a probe finds it too low; None without one.
    """

    name = "probe"

    def __init__(
        self,
        settings: CallbackSettings,
        monitor: Monitor,
        complaints: Complaints,
        collector: Callable[[], Any],
        act: ActStage | None = None,
    ) -> None:
        self._settings, self._monitor, self._complaints = settings, monitor, complaints
        self._collector, self._act = collector, act
        self.probes = Probes()

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore the probes from a saved state."""
        self.probes = Probes.from_dict(saved)

    def state(self) -> dict[str, Any]:
        """The probes in plain types."""
        return self.probes.to_dict()

    def grounds(self) -> dict[str, Any]:
        """The probes, with what the latest found."""
        return self.state()

    def after(self, decision: Decision, observation: Observation, trained: Experimental) -> Decision:
        """The decision with what the latest probe shows; unchanged during a trial, or once a raise was undone."""
        if self._act is not None:
            if self._act.actions.is_trying or "raise_lr" in self._act.actions.undone:
                return decision
            self.probes = self.probes.at(self._act.actions.raises)
        acts = self._act is not None and self._act.may_raise
        if self.probes.may_probe(decision, self._settings.probe_budget, acts=acts):
            self.probes = self.probes.after(decision.step, self._probed(decision, observation, trained, acts=acts))
        return self.probes.applied_to(decision, observation.lr, self._settings.stop_on)

    def _probed(
        self, decision: Decision, observation: Observation, trained: Experimental, *, acts: bool
    ) -> Probed | None:
        """What a probe shows; None where it failed."""
        of_monitor = self._monitor.settings  # a raise is one of the whole schedule
        highest = (
            highest_ahead(of_monitor.lr_schedule, decision.step, of_monitor.max_epochs, observation.lr) if acts else 1.0
        )
        try:
            return probe(
                lambda times: trained.train_copy(highest * times, self._collector()),
                observation,
                decision,
                of_monitor.direction,
                self._settings.probe_budget - self.probes.spent,
                acts=acts,
            )
        except Exception as error:  # what the user's model can't do in a copy must not end the training
            self._complaints.make(ConvergenceError(f"the probe failed: {error!r}"), about="probe")
            return None
