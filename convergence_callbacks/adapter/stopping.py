"""A callback without its framework: settings, the monitor of the run in progress, and what it said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from convergence_callbacks.adapter.best_weights import BestWeights
from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.found import Found, found_among
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.config.from_yaml import FromYaml
from convergence_callbacks.core.constructor import representation, takes
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, SettingsError, StateError, as_state_error
from convergence_callbacks.core.loss_forecast import Forecast, Loss
from convergence_callbacks.core.observation import Observation, as_number
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.record.write import DecisionRecord


class Stopping(BestWeights, Complaints, FromYaml):
    """What every adapter is: it collects what its framework logged, and acts on the decision.

    Attributes:
        decision: The latest decision, None before the first.
        history: All decisions of this process, in order.
        observations: What each of them was made from.
        listeners: Called with each observation and its decision, such as a `LivePlot`; append your own.
        stopped_epoch: The first epoch at which the training should end, None where it ran out its budget. A run that
            is taken up after it has ended has it at once.
    """

    integration: ClassVar[str] = ""
    """What its messages call it: the framework's name; that of the class where it has none."""

    supports: ClassVar[frozenset[str]] = frozenset()
    """Of the settings that not every integration supports, those that this one does."""

    unsupported_because: ClassVar[Mapping[str, str]] = {}
    """Why a setting is not for this framework, by name, where there is more to say than who supports it."""

    @takes(CallbackSettings)
    def __init__(self, settings: CallbackSettings) -> None:
        name = self.integration or type(self).__name__
        settings.refuse_unsupported(self.supports, name, self.unsupported_because)
        if settings.mode == "max" and settings.val_metric is None and settings.train_metric is None:
            raise SettingsError(  # no loss is better the larger it is
                "mode 'max' needs val_metric, the name of what is to rise, such as 'val_acc'", ("mode",)
            )
        self._construct()
        self.settings = settings
        self.listeners: list[Callable[[Observation, Decision], None]] = []
        self._saved: Mapping[str, Any] | None = None
        self.begin()

    @classmethod
    def from_settings(cls, settings: CallbackSettings) -> Self:
        """A callback with these settings."""
        return cls(**vars(CallbackSettings.of(settings)))

    def __repr__(self) -> str:
        return representation(self, self.settings)

    def _construct(self) -> None:
        """Whatever the framework's own constructor has to do."""

    def begin(
        self,
        max_epochs: int | None = None,
        min_epochs: int | None = None,
        lr_schedule: Schedule | None = None,
        only_told: bool = False,
    ) -> None:
        """Make ready for a run: a fresh one, or the one whose state was loaded since the last.

        Args:
            max_epochs: The framework's limit; the user's setting goes before it.
            min_epochs: The framework's minimum; the larger of it and the user's holds.
            lr_schedule: The rates to come as the framework knows them; the user's go before them.
            only_told: No verdict ends this run.
        """
        own = self.settings
        known = dataclasses.replace(
            own,
            max_epochs=max_epochs if own.max_epochs is None else own.max_epochs,
            min_epochs=max(own.min_epochs, min_epochs or 0),
            lr_schedule=lr_schedule if own.lr_schedule is None else own.lr_schedule,
            stop_on=() if only_told else own.stop_on,
        )
        self.monitor = Monitor.from_settings(known)
        self._warned = set()
        with as_state_error():
            self._take_up(self._saved or {})
        if self._saved is not None:
            self.monitor.load_state_dict(self._saved)
        self._start_from(self._saved or {})
        self._saved = None

    def _start_from(self, saved: Mapping[str, Any]) -> None:
        """Go on from what the monitor knows: nothing, or a saved run, whose stop stands while the rule is the same."""
        self.history: list[Decision] = []
        self.observations: list[Observation] = []
        self.stopped_epoch: int | None = None
        if self.decision and self._stops_at(self.decision) and saved.get("rule") == self._rule():
            self.stopped_epoch = self.decision.step
        self._record: list[Callable[[Observation, Decision], None]] = []
        if self.settings.record is not None:
            self._record = [DecisionRecord(self.settings.record, self.monitor)]

    def begin_resumed(self, *known: Any) -> None:
        """`begin`, where a saved state comes from a file that may be damaged: then told, and the criteria start afresh.

        Raises:
            StateError: With ``strict``, the state can't be read.
        """
        try:
            self.begin(*known)
        except StateError as error:
            self._begin_afresh(error, *known)

    def _begin_afresh(self, error: StateError, *known: Any) -> None:
        """`begin`, without the saved state that can't be read."""
        self._saved = None
        self.begin(*known)
        instead = "with strict=False " if self.settings.strict else ""
        self._complain(StateError(f"{error}; {instead}the criteria start afresh"))

    def _take_up(self, saved: Mapping[str, Any]) -> None:
        """What a door keeps of a run beside the monitor, from a saved state; empty for a fresh run.

        What it raises where the state is damaged is told as `StateError`.
        """

    @property
    def decision(self) -> Decision | None:
        """The latest decision, None before the first epoch."""
        return self.history[-1] if self.history else self.monitor.decision

    def forecast(self, of: Loss = "judged") -> Forecast | None:
        """Where the training is going; see `Monitor.forecast`."""
        return self.monitor.forecast(of)

    def collect(
        self, step: int, logged: Mapping[str, Any], *, lr: Any = None, train_loss: Any = None, validated: bool = True
    ) -> Observation:
        """Find the losses of an epoch among what was logged.

        Args:
            step: The epoch's number, from 0.
            logged: All metrics of the epoch by name, with whatever values the framework keeps.
            lr: Learning rate of the epoch.
            train_loss: Mean train loss of the epoch, for where no such mean was logged.
            validated: Whether this epoch was validated; if not, a logged validation loss is an old one.

        Raises:
            MetricNotFoundError: With ``strict``, a metric is missing.
            ConvergenceError: With ``strict``, a loss is not finite.
        """
        found = self.find(step, logged, lr=lr, train_loss=train_loss, validated=validated)
        self.complain_of_missing(found)
        return found.observation

    def find(
        self,
        step: int,
        logged: Mapping[str, Any],
        *,
        lr: Any = None,
        train_loss: Any = None,
        validated: bool = True,
        awaited: bool = False,
    ) -> Found:
        """`collect` without a complaint, for processes that have to agree first; a first validation may be awaited."""
        known = Observation(step=step, lr=as_number(lr), elapsed=self.monitor.elapsed())
        awaited = (awaited or self.settings.val_metric is not None) and not self.monitor.has_validation
        return found_among(self.settings, logged, known, mean=train_loss, validated=validated, awaited=awaited)

    def decide(self, observation: Observation, then: Callable[[Decision], Decision] | None = None) -> Decision:
        """Let the monitor judge an epoch, and remember what it said, or what is said ``then``."""
        decision = self.monitor.observe(observation)
        decision = then(decision) if then else decision
        self.observations.append(observation)
        self.history.append(decision)
        if self._stops_at(decision) and self.stopped_epoch is None:
            self.stopped_epoch = decision.step
        self._tell(observation, decision)
        return decision

    def announce(self, decision: Decision) -> None:
        """Say what there is to say of an epoch."""
        if (words := self.words(decision)) is not None:
            print(words)

    def words(self, decision: Decision) -> str | None:
        """Why the training ends, once, where ``verbose`` asks for it; before, what `progress` has to show."""
        if not decision.stop:
            return self.progress()
        return str(decision) if self.settings.verbose and self.stopped_epoch == decision.step else None

    def state_dict(self) -> dict[str, Any]:
        """The state of the run in plain types; of the settings only by which rule it was judged."""
        return {**self.monitor.state_dict(), "rule": self._rule()}

    def _rule(self) -> str:
        """What ends a training, in words: a stop that was saved stands while this is the same."""
        ending = ("tolerance", "min_epochs", "mode", "target_loss", "stop_on", "criteria")
        return ", ".join(f"{name}={getattr(self.settings, name)!r}" for name in ending)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state at the next `begin`."""
        self._saved = state_dict

    def numbers(self, decision: Decision) -> dict[str, float]:
        """A decision as loggers take it: the verdict by its gravity, evidence and forecast by name."""
        forecast = self.forecast()
        named = {**decision.evidence, **(forecast.numbers() if forecast is not None else {})}
        evidence = {f"convergence/{name}": value for name, value in named.items()}
        return {"convergence/verdict": decision.verdict.gravity, "convergence/stop": int(decision.stop), **evidence}

    def progress(self) -> str | None:
        """What is to be shown between epochs, None where that is nothing."""
        forecast = self.forecast() if self.settings.show_forecast else None
        return None if forecast is None else forecast.eta

    @staticmethod
    def _stops_at(decision: Decision) -> bool:
        """Whether a decision is one to stop, and not for the mere end of the budget."""
        return decision.stop and not decision.is_budget_end

    def _tell(self, observation: Observation, decision: Decision) -> None:
        for listener in (*self._record, *self.listeners):
            try:
                listener(observation, decision)
            except Exception as error:  # a picture that can't be drawn must not end a training
                self._complain(ConvergenceError(f"{listener!r} failed: {error!r}"), about=repr(listener))
