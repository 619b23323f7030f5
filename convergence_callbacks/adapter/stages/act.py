"""Acts on a verdict: the learning rate is changed on trial for some epochs, and that is kept or undone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.adapter.stages.best_weights import BestWeights
from convergence_callbacks.adapter.stages.phase import forget
from convergence_callbacks.adapter.trained import Experimental
from convergence_callbacks.core.curve.schedule import DROP, rates_ahead
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.experiments.actions import BLOWN_UP, Actions, Situation
from convergence_callbacks.experiments.probe import judged_loss
from convergence_callbacks.experiments.schedules import times_schedule

BEGUN_STEPS = 10
"""A best epoch after this one drops the snapshot of the start, unless the run looks blown up."""

KINDS = ("start", "best", "before", "earlier")
"""Snapshots that may be kept."""


@dataclass(frozen=True)
class Snapshot:
    """A run at an epoch, as it can go on from there.

    Args:
        step: The epoch; -1 for the beginning.
        monitor: State of the monitor; empty at the beginning.
        model: Weights and the optimisers' moments; None where they are in a file that was not read yet.
    """

    step: int
    monitor: Mapping[str, Any]
    model: Any


class ActStage:
    """Does what `Actions` decides to the model, its learning rate and the monitor.

    Args:
        settings: Those of the callback.
        monitor: What judges the run.
        complaints: Where something can't be done, that is reported here.
        best_weights: The stage that keeps the best weights; None where none does.
        saves_weights: Whether a saved state may hold arrays.

    Attributes:
        actions: What was done so far.
        snapshots: The epochs that the run can go back to: its start, its best, the one before the present trial, and
            the best before that trial.
    """

    name = "act"

    def __init__(
        self,
        settings: CallbackSettings,
        monitor: Monitor,
        complaints: Complaints,
        best_weights: BestWeights | None,
        *,
        saves_weights: bool,
    ) -> None:
        self._monitor, self._complaints, self._best_weights = monitor, complaints, best_weights
        self._knows_schedule, self._saves_weights = settings.lr_schedule is not None, saves_weights
        self._choice = settings.actions
        self.actions = Actions()
        self.snapshots: dict[str, Snapshot] = {}
        self._new: set[str] = set()

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore what was done from a saved state."""
        self.actions = Actions.from_dict(saved["actions"])
        self.snapshots = {
            kind: Snapshot(int(one["step"]), dict(one["monitor"]), one.get("model"))
            for kind, one in saved["snapshots"].items()
            if kind in KINDS
        }
        if self._knows_schedule:
            self._scale_schedule(self.actions.rate)

    def state(self) -> dict[str, Any]:
        """What was done, and the epochs that the run can go back to; their weights where a state may hold them."""
        return {
            "actions": self.actions.to_dict(),
            "snapshots": {kind: self._plain(snapshot) for kind, snapshot in self.snapshots.items()},
            "files": sorted({self.file_of(kind) for kind in self.snapshots}),
        }

    def grounds(self) -> dict[str, Any]:
        """What was done, and what is on trial."""
        return self.actions.to_dict()

    def file_of(self, kind: str) -> str:
        """The name of the file with a snapshot's weights, for states that may not hold arrays."""
        return f"{'best' if kind == 'earlier' else kind}-{self.snapshots[kind].step}"

    def files_to_write(self) -> dict[str, Any]:
        """The weights of new snapshots since the last call, by the names of their files."""
        new, self._new = self._new & self.snapshots.keys(), set()
        return {self.file_of(kind): self.snapshots[kind].model for kind in new}

    def read_files(self, read: Callable[[str], Any]) -> None:
        """Read the weights of all snapshots from their files."""
        for kind, snapshot in self.snapshots.items():
            self.snapshots[kind] = dataclasses.replace(snapshot, model=read(self.file_of(kind)))

    def begin(self, trained: Experimental) -> None:
        """Keep the run as it is before its first epoch."""
        if not self.snapshots and self._monitor.decision is None:
            self._take("start", -1, {}, trained)

    def after(self, decision: Decision, observation: Observation, trained: Experimental) -> Decision:
        """Start, keep or undo an action if it is time, and report that in the decision."""
        situation = self._situation(decision, observation)
        if decision.best_step == decision.step:
            self._take("best", decision.step, self._monitor.state_dict(), trained)
            has_begun = decision.step > BEGUN_STEPS and decision.verdict not in BLOWN_UP
            if has_begun and not self.actions.is_trying:  # the next try may go back there
                self.snapshots.pop("start", None)
        before, self.actions = self.actions, self.actions.after(decision, situation, self._choice)
        try:
            self._do(before.rate, decision, trained)
        except Exception as error:  # a schedule of somebody's own that can't be changed must not end the training
            self.actions, self._choice = Actions(rate=before.rate), {}
            self._complaints.make(ConvergenceError(f"what act asks for can't be done: {error!r}"), about="act")
        return self.actions.applied_to(decision, situation)

    @property
    def may_raise(self) -> bool:
        """Whether the rate may be raised, now."""
        return Verdict.FALSE_CONVERGENCE in self._choice and self.actions.may("raise_lr")

    def give_up(self, because: str) -> None:
        """Do nothing in this run, and say why."""
        self._choice = {}
        self._complaints.make(ConvergenceError(f"nothing can be done as act asks: {because}"), about="act")

    def _situation(self, decision: Decision, observation: Observation) -> Situation:
        settings, rate = self._monitor.settings, observation.lr
        ahead = rates_ahead(settings.lr_schedule, decision.step, settings.max_epochs)
        falls = rate is not None and ahead is not None and bool(len(ahead)) and float(ahead.min()) < DROP * rate
        return Situation(
            loss=judged_loss(observation),
            rate=rate,
            falls_ahead=falls,
            max_epochs=settings.max_epochs,
            tolerance=settings.tolerance,
            sign=settings.sign,
        )

    def _do(self, rate: float, decision: Decision, trained: Experimental) -> None:
        """Change the model, its rate and the snapshots as the actions ask.

        Args:
            rate: The rate before, as a multiple of the user's.
            decision: The decision on the epoch.
            trained: The model.
        """
        actions, trial = self.actions, self.actions.trial
        if trial is None or actions.act == "":
            return
        if actions.act == "begin":
            self._take("before", decision.step, self._monitor.state_dict(), trained)
            if "best" in self.snapshots:
                self.snapshots["earlier"] = self.snapshots["best"]
        if actions.act in {"begin", "again"} and trial.goes_back:
            self._go_back(trained, from_start=trial.from_start, forgets=trial.forgets)
        if actions.act == "undo" or (actions.act == "again" and not trial.goes_back):
            self._undo(trained)
        if actions.act == "keep" and trial.from_start:  # the run that began anew is the sound one
            self.snapshots.pop("start", None)
        if actions.act in {"keep", "undo"}:
            self.snapshots.pop("before", None)
            self.snapshots.pop("earlier", None)
        self._scale(trained, actions.rate / rate)

    def _go_back(self, trained: Experimental, *, from_start: bool, forgets: bool) -> None:
        """Go back to the best epoch, or to the start if asked and it is kept."""
        start, best = self.snapshots.get("start"), self.snapshots.get("earlier")
        origin = start if start is not None and (from_start or best is None) else best
        if origin is None:
            raise LookupError("the run was resumed without an epoch to go back to")
        trained.restore(origin.model)
        if forgets:
            self._rewind_monitor(origin)
            if origin is start:
                self.snapshots.pop("best", None)

    def _undo(self, trained: Experimental) -> None:
        """Restore the run from before the trial; the epochs of the trial stay spent."""
        before, best = self.snapshots["before"], self.snapshots.get("earlier")
        trained.restore(before.model)
        self._rewind_monitor(before)
        self.snapshots.pop("best", None)
        if best is not None:
            self.snapshots["best"] = best
        if self._best_weights is not None and best is not None:
            everything = self._best_weights.everything
            self._best_weights.keep(best.step, best.model if everything else trained.weights_in(best.model))

    def _rewind_monitor(self, snapshot: Snapshot) -> None:
        """Let the monitor forget the epochs after a snapshot; their time stays spent."""
        if snapshot.monitor:
            self._monitor.load_state_dict({**snapshot.monitor, "elapsed": self._monitor.elapsed() or 0.0})
        else:
            forget(self._monitor)

    def _take(self, kind: str, step: int, monitor: Mapping[str, Any], trained: Experimental) -> None:
        if self._choice:
            self.snapshots[kind] = Snapshot(step, monitor, trained.state())
            self._new.add(kind)

    def _scale(self, trained: Experimental, times: float) -> None:
        if times != 1:
            trained.scale_rate(times)
            self._scale_schedule(times)

    def _scale_schedule(self, times: float) -> None:
        schedule = self._monitor.settings.lr_schedule
        if schedule is not None and times != 1:
            self._monitor.know(lr_schedule=times_schedule(schedule, times))

    def _plain(self, snapshot: Snapshot) -> dict[str, Any]:
        model = {"model": snapshot.model} if self._saves_weights else {}
        return {"step": snapshot.step, "monitor": snapshot.monitor, **model}
