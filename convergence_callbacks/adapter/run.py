"""A run in progress: its monitor, and the stages that each decision passes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from convergence_callbacks.adapter.account import Account
from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.journal import Journal, Listener
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.adapter.stages import Stage
from convergence_callbacks.adapter.stages.phase import Phases
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, as_state_error
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.rule.guards import SURE
from convergence_callbacks.core.verdict import BROKEN
from convergence_callbacks.metrics.trivial import Baseline
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.record.stages import OUTSIDE
from convergence_callbacks.record.write import DecisionRecord

Kind = TypeVar("Kind")


class Run:
    """A run in progress; a callback has one, and makes another for its next training.

    Args:
        monitor: What judges it.
        complaints: What went wrong in it.
        settings: Those of the callback, with what its framework knows of this run.
        limit: Epochs after which the framework ends it by itself, None where it does not.

    Attributes:
        stages: The stages that a decision passes, in order.
        record: The file of what was seen and decided; None where none is written.
        journal: What was seen and decided.
        account: Its result so far, for the summary at its end.
        stopped_epoch: The first epoch at which it should end, None if it used up its budget.
        is_warned: Whether there was a warning that it is broken.
        baseline: The loss of a trivial predictor that was filled in; None where the settings name it, or nobody knows.
    """

    def __init__(
        self, monitor: Monitor, complaints: Complaints, settings: CallbackSettings, limit: int | None = None
    ) -> None:
        self.monitor, self.complaints, self.settings, self.limit = monitor, complaints, settings, limit
        self.stages: list[Stage] = []
        self.journal = Journal(complaints)
        self.account = Account(self.journal, monitor.settings)
        self.record: DecisionRecord | None = None
        self.stopped_epoch: int | None = None
        self.is_warned = False
        self.baseline: Baseline | None = None

    @property
    def decision(self) -> Decision | None:
        """The latest decision, None before the first epoch."""
        decided = self.journal.decisions
        return decided[-1] if decided else self.account.resumed or self.monitor.decision

    @property
    def next_step(self) -> int:
        """The step after the latest one, 0 before the first."""
        return 0 if self.decision is None else self.decision.step + 1

    def fill_in(self, baseline: Baseline | None) -> None:
        """Judge this run by the loss of a trivial predictor from its first epoch on, if no setting gives one."""
        if self.decision is None:
            self._know(baseline)
            if self.record is not None:
                self.record.restate()

    def _know(self, baseline: Baseline | None) -> None:
        own = self.settings
        if baseline is not None and own.find_baseline and own.baseline_loss is None and own.direction == "min":
            self.baseline = baseline
            self.monitor.know(baseline_loss=baseline.loss)

    def observe(self, observation: Observation, trained: Any, listeners: Sequence[Listener]) -> Decision:
        """Judge an epoch, let the decision pass the stages, and write it down.

        Args:
            observation: The epoch.
            trained: The model, see `Trained`; None if the integration has none.
            listeners: Functions that receive each epoch.
        """
        judged = decision = self.monitor.observe(observation)
        changed = {}
        for stage in self.stages:
            before, decision = decision, stage.after(decision, observation, trained)
            if decision is not before:
                changed[stage.name] = stage.grounds()
        if decision.ends_early and self.stopped_epoch is None:
            self.stopped_epoch = decision.step
        if (record := self.record) is not None:
            self._write(lambda: record.add(observation, decision, judged if changed else None, changed))
        self.account.is_at_best = decision.best_step == decision.step
        self.journal.add(observation, decision, listeners)
        return decision

    def end(self) -> None:
        """Note that the training is over: its record is complete."""
        if self.record is not None:
            self._write(self.record.close)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:  # a full disk must not end a training
            self.complaints.make(ConvergenceError(f"the record can't be written: {error}"), about="record")

    def begin_phase(self) -> None:
        """Begin a new phase; see `Stopping.new_phase`."""
        last, phases = self.decision, self.stage(Phases)
        if last is None or phases is None:
            return
        phases.begin(last)
        self.stopped_epoch, self.account.is_reported = None, False
        if self.record is not None:
            self.record.restate()

    def must_end(self, decision: Decision) -> bool:
        """Whether the framework must be stopped: not where its epochs are over and it ends by itself."""
        ends_by_itself = self.limit is not None and decision.step + 1 >= self.limit
        return decision.stop and not (ends_by_itself and decision.is_budget_end)

    def warns_now(self, decision: Decision) -> bool:
        """Whether to warn now that the run goes on though it is surely broken: true once in a run."""
        surely = decision.verdict in BROKEN and decision.confidence > SURE
        if self.is_warned or not surely or decision.stop or decision.action or self.account.several_optimisers:
            return False
        self.is_warned = True
        return True

    @property
    def is_new_verdict(self) -> bool:
        """Whether the verdict has changed since the previous epoch."""
        verdicts = [decision.verdict for decision in self.journal.decisions[-2:]]
        return len(verdicts) == 2 and verdicts[0] is not verdicts[1]

    def stage(self, kind: type[Kind]) -> Kind | None:
        """The stage of a kind, None where there is none of it."""
        return next((stage for stage in self.stages if isinstance(stage, kind)), None)

    def restore(self, saved: Mapping[str, Any], rule: str) -> None:
        """Continue a run that was saved; its stop holds if the rule is still the same.

        Args:
            saved: What `state` returned.
            rule: The rule of this run, as text.

        Raises:
            StateError: The state is damaged or foreign.
        """
        self.monitor.load_state_dict(saved)
        with as_state_error():
            for stage in self.stages:
                if saved.get(stage.name) is not None:
                    stage.restore(saved[stage.name])
            self.is_warned = bool(saved.get("warned"))
            baseline = saved.get("baseline")
            self._know(None if baseline is None else Baseline(**baseline))
            decided = saved.get("decided")
            self.account.resumed = self.monitor.decision if decided is None else Decision.from_dict(decided)
        last = self.decision
        of_its_own = last is not None and last.ends_early and last.criterion not in OUTSIDE
        if last is not None and of_its_own and saved.get("rule") == rule:
            self.stopped_epoch = last.step

    def state(self, rule: str) -> dict[str, Any]:
        """All that is needed to go on later: plain types, and the arrays that a stage holds."""
        changed = self.decision is not self.monitor.decision
        return {
            **self.monitor.state_dict(),
            "rule": rule,
            **({"warned": True} if self.is_warned else {}),
            **({} if self.baseline is None else {"baseline": dataclasses.asdict(self.baseline)}),
            **({"decided": self.decision.to_dict()} if changed and self.decision is not None else {}),
            **{stage.name: state for stage in self.stages if (state := stage.state()) is not None},
        }
