"""The phases of a run: each begins anew, and the best of all phases stays the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.record.stages import PHASE, best_of_both


class Phases:
    """Remembers the best epoch of the phases that are over, and stands before all other stages.

    Args:
        monitor: What judges the run.
    """

    name = PHASE

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._before: dict[str, Any] | None = None

    def begin(self, last: Decision) -> None:
        """Begin a new phase after an epoch: the monitor forgets all but the time that was spent."""
        if last.best_step is not None:
            self._before = {"best_step": last.best_step, "best_value": last.best_value}
        forget(self._monitor)

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore the best of the earlier phases from a saved state."""
        self._before = {"best_step": int(saved["best_step"]), "best_value": float(saved["best_value"])}

    def state(self) -> dict[str, Any] | None:
        """The best of the phases before this one; None in the first."""
        return self._before

    def grounds(self) -> dict[str, Any] | None:
        """The state as JSON keeps it."""
        return self._before

    def after(self, decision: Decision, observation: Observation, trained: Any) -> Decision:
        """The decision with the best of all phases."""
        if self._before is None:
            return decision
        return best_of_both(self._before, decision, self._monitor.settings)


def forget(monitor: Monitor) -> None:
    """Make a monitor forget all epochs; the time that was spent stays."""
    elapsed = monitor.elapsed()
    monitor.reset()
    monitor.load_state_dict({**monitor.state_dict(), "elapsed": elapsed or 0.0})
