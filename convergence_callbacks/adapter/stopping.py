"""A callback without its framework: settings, the run in progress, and its decisions."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from convergence_callbacks.adapter.account import FinalSummary, write
from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.journal import Listener
from convergence_callbacks.adapter.logged_losses import LoggedLosses, find_losses, merged
from convergence_callbacks.adapter.processes import ALONE, Processes
from convergence_callbacks.adapter.run import Run
from convergence_callbacks.adapter.settings import EVERYTHING, CallbackSettings, not_supported
from convergence_callbacks.adapter.stages import Stage
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.adapter.stages.best_weights import BestWeights
from convergence_callbacks.adapter.stages.data_check import DataCheck
from convergence_callbacks.adapter.stages.outside import JobEnd, StopFile
from convergence_callbacks.adapter.stages.phase import Phases
from convergence_callbacks.adapter.stages.probe import ProbeStage
from convergence_callbacks.adapter.trained import Trained
from convergence_callbacks.config.from_yaml import FromYaml
from convergence_callbacks.core.constructor import representation, takes
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.criterion import Criterion
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import SettingsError, StateError, as_state_error
from convergence_callbacks.core.fault import Fault
from convergence_callbacks.core.forecast import Forecast, Loss
from convergence_callbacks.core.observation import Observation, as_number, as_step
from convergence_callbacks.experiments.actions import CHANGES
from convergence_callbacks.metrics import Direction, direction_of, meaning
from convergence_callbacks.metrics.direction import Rises, direction_of_named
from convergence_callbacks.metrics.find import meant_loss
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.record.write import DecisionRecord
from convergence_callbacks.telling.baseline import source_of
from convergence_callbacks.telling.forecast import eta, numbers_of
from convergence_callbacks.telling.summary import Cause, warning


class Stopping(FromYaml):
    """A callback without its framework: it collects what was logged, lets it be judged, and acts on the decision.

    Attributes:
        decision: The latest decision, None before the first.
        history: All decisions of this process, in order.
        observations: What each of them was made from.
        listeners: Called with each observation and its decision, such as a `LivePlot`; append your own.
        stopped_epoch: The first epoch at which the training should end, None if it used up its budget. A resumed run
            that had ended already has it from the start.
    """

    integration: ClassVar[str] = ""
    """The framework's name in messages; empty for the name of the class."""

    supports: ClassVar[frozenset[str]] = frozenset()
    """The optional settings that this integration supports."""

    unsupported_because: ClassVar[Mapping[str, str]] = {}
    """Why a setting is not supported, by its name; without an entry the message names who supports it."""

    states_direction: ClassVar[bool] = False
    """Whether the framework may state, once it trains, which way a metric improves."""

    counter: Counter = Counter()
    """What this framework calls its steps, and how it numbers them."""

    trained: ClassVar[type[Trained] | None] = None
    """The class that wraps a model of this framework; None if its best weights are not kept."""

    restores_all: ClassVar[bool] = False
    """Whether the optimiser's state of the best epoch can be restored too."""

    saves_weights: ClassVar[bool] = False
    """Whether a saved state may hold arrays; if not, it is plain JSON."""

    processes: Processes = ALONE
    """The processes of the training."""

    @takes(CallbackSettings)
    def __init__(self, settings: CallbackSettings) -> None:
        name = self.integration or type(self).__name__
        for unsupported in settings.unsupported(self.supports):
            raise not_supported(name, unsupported, self.unsupported_because.get(unsupported, ""))
        if settings.restore_best == EVERYTHING and not self.restores_all:
            raise SettingsError(f"{name} does not support restore_best='all'", ("restore_best",))
        if settings.mode == "max" and settings.val_metric is None and settings.train_metric is None:
            raise SettingsError(  # no loss is better the larger it is
                "mode 'max' needs val_metric, the name of what is to rise, such as 'val_acc'", ("mode",)
            )
        self.settings = settings
        self._construct()
        self.listeners: list[Listener] = []
        self._final_summary = FinalSummary(self)
        self._saved: Mapping[str, Any] | None = None
        self.begin(rises=self.likely_rises)

    @classmethod
    def from_settings(cls, settings: CallbackSettings) -> Self:
        """A callback with these settings."""
        return cls(**vars(CallbackSettings.of(settings)))

    def __repr__(self) -> str:
        return representation(self, self.settings)

    def _construct(self) -> None:
        """Run the framework's own constructor, where it has one to run."""

    def _stages(self, run: Run) -> list[Stage]:
        """The stages of a run, those that the settings ask for."""
        settings, best, act, probe = self.settings, None, None, None
        if settings.restore_best and self.trained is not None:
            read = self.trained.read if self.saves_weights else None
            best = BestWeights(run.complaints, read, everything=settings.restore_best == EVERYTHING)
        if settings.act is not None:
            act = ActStage(settings, run.monitor, run.complaints, best, saves_weights=self.saves_weights)
        if settings.probe:
            probe = ProbeStage(settings, run.monitor, run.complaints, self._collector, act)
        own = [stage for stage in (best, probe, act) if stage is not None]
        return [Phases(run.monitor), *own, *self._from_outside(run)]

    def _from_outside(self, run: Run) -> list[Stage]:
        """The stages that end a run whatever its curve looks like."""
        own, stages = self.settings, list[Stage]()
        if own.stop_file is not None:
            stages.append(StopFile(own.stop_file, self._any))
        if own.minutes_before_job_end is not None:
            stages.append(JobEnd(own.minutes_before_job_end, self._any, run.complaints))
        return stages

    def _any(self, flag: bool) -> bool:
        return self.processes.any(flag)

    def _collector(self) -> Stopping:
        """A callback that collects what this one does, and neither stops nor prints anything."""
        own = self.settings
        return type(self)(
            mode=self.run.settings.direction,
            train_metric=own.train_metric,
            val_metric=own.val_metric,
            stop_on=(),
            verbose=False,
        )

    # Run ----------------------------------------------------------------------------------------------

    def begin(
        self,
        max_epochs: int | None = None,
        min_epochs: int | None = None,
        lr_schedule: Schedule | None = None,
        *,
        reports_only: bool = False,
        rises: Rises | None = None,
        direction: Direction | None = None,
    ) -> None:
        """Start a new run, or continue the one whose state was loaded.

        Args:
            max_epochs: The framework's limit; a user's setting takes precedence.
            min_epochs: The framework's minimum; the larger of it and the user's is used.
            lr_schedule: The rates to come as the framework knows them; a user's setting takes precedence.
            reports_only: Whether verdicts are only reported, and end nothing.
            rises: Says whether more of a metric is better, if the framework states it.
            direction: Which way the judged metric improves, if that is known already.

        Raises:
            SettingsError: It is not known which way the judged metric, or one that a criterion names, improves.
            StateError: The state that was loaded is damaged or foreign; the previous run stays.
        """
        own = self.settings
        adopted = dataclasses.replace(
            own,
            max_epochs=max_epochs if own.max_epochs is None else own.max_epochs,
            min_epochs=max(own.min_epochs, min_epochs or 0),
            lr_schedule=lr_schedule if own.lr_schedule is None else own.lr_schedule,
            stop_on=() if reports_only else own.stop_on,
            mode=direction or self.direction(rises),
        )
        if isinstance(own.criteria, Criterion):
            criteria = own.criteria.directed(functools.partial(direction_of_named, rises=rises))
            adopted = dataclasses.replace(adopted, criteria=criteria)
        complaints = Complaints(strict=own.strict, counter=self.counter)
        run = Run(Monitor.from_settings(adopted, counter=self.counter), complaints, adopted, max_epochs)
        run.stages = self._stages(run)
        saved, self._saved = self._saved, None
        with as_state_error():
            self._restore(saved or {})
        if saved is not None:
            run.restore(saved, self._rule())
            self._final_summary.forget()
        if self.settings.record is not None:
            run.record = DecisionRecord(self.settings.record, run.monitor)
        self._final_summary.end_before_another()
        self.run, self._limits = run, (max_epochs, min_epochs, lr_schedule)

    def new_phase(self) -> None:
        """Begin a new phase of this run, as when layers are unfrozen or the data change.

        The best epoch so far stays the best, and its weights are kept; patience, verdict, forecast and expected gain
        begin anew with the next epoch. Budgets of epochs and of time go on. Before the first epoch this does nothing.
        """
        self.run.begin_phase()

    def _restore(self, saved: Mapping[str, Any]) -> None:
        """Restore what the integration itself keeps of a run; the saved state is empty for a new run.

        An error that it raises for a damaged state becomes a `StateError`.
        """

    def begin_resumed(self, *circumstances: Any, **named: Any) -> None:
        """Continue a run whose state comes from a file; if that is damaged, report it and start a new run.

        Raises:
            StateError: With ``strict``, the state can't be read.
        """
        try:
            self.begin(*circumstances, **named)
        except StateError as error:
            self.begin(*circumstances, **named)
            self.report_unreadable(error)

    def report_unreadable(self, error: StateError) -> None:
        """Report that a saved state can't be read and a new run was started instead."""
        instead = "with strict=False " if self.settings.strict else ""
        self.run.complaints.make(StateError(f"{error}; {instead}the criteria start without it"))

    @property
    def judged_metric(self) -> str | None:
        """The name of the judged metric, where the settings name one."""
        return self.settings.val_metric or self.settings.train_metric

    def direction(self, rises: Rises | None = None) -> Direction:
        """Which way the judged metric improves, by the settings, the framework or its name; a loss falls.

        Args:
            rises: Says whether more of a metric is better, if the framework states it.

        Raises:
            SettingsError: None of them states it.
        """
        named, mode = self.judged_metric, self.settings.mode
        if named is None:
            return self.settings.direction
        return direction_of(named, mode=mode, rises=rises(named) if rises else None)

    @property
    def judges_the_loss(self) -> bool:
        """Whether the judged metric is the framework's own validation loss."""
        named = self.settings.val_metric
        return self.run.settings.direction == "min" and (named is None or meant_loss(named) == "val_loss")

    def likely_direction(self) -> Direction:
        """The direction before the training, when a framework that may state one has not done so yet.

        Raises:
            SettingsError: It is not known, and this framework will not state it either.
        """
        return self.direction(self.likely_rises)

    def likely_rises(self, name: str) -> bool | None:
        """The assumption about a metric until the framework has stated its direction: that less is better."""
        return False if self.states_direction and meaning(name).direction is None else None

    @property
    def monitor(self) -> Monitor:
        """The monitor of the run in progress."""
        return self.run.monitor

    @property
    def decision(self) -> Decision | None:
        """The latest decision, None before the first epoch."""
        return self.run.decision

    @property
    def history(self) -> list[Decision]:
        """All decisions of this process, in order."""
        return self.run.journal.decisions

    @property
    def observations(self) -> list[Observation]:
        """All observations of this process, one for each decision."""
        return self.run.journal.observations

    @property
    def stopped_epoch(self) -> int | None:
        """The first epoch at which the training should end, None where it used up its budget."""
        return self.run.stopped_epoch

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What ``check_data`` has found wrong with data and gradients."""
        check = self.run.stage(DataCheck)
        return () if check is None else check.faults

    def forecast(self, of: Loss = "judged") -> Forecast | None:
        """Where the training is going; see `Monitor.forecast`."""
        return self.monitor.forecast(of)

    # Collect, pair, reduce ------------------------------------------------------------------------------

    def collect(
        self,
        step: int,
        logged: Mapping[str, Any],
        *,
        lr: Any = None,
        train_loss: Any = None,
        validated: bool = True,
        awaited: bool = False,
    ) -> Observation:
        """Find the losses of an epoch among what was logged; all processes get the same.

        Args:
            step: The epoch's number, from 0.
            logged: All metrics of the epoch by name, with whatever values the framework keeps.
            lr: Learning rate of the epoch.
            train_loss: Mean train loss of the epoch, used if no such mean was logged.
            validated: Whether this epoch was validated; if not, a logged validation loss is an old one.
            awaited: Whether a first validation is still to come: no train loss is judged in its place.

        Raises:
            MetricNotFoundError: With ``strict``, a metric is missing.
            ConvergenceError: With ``strict``, a loss is not finite.
        """
        awaited = (awaited or self.settings.val_metric is not None) and not self.monitor.has_validation
        own = find_losses(
            self.run.settings,
            logged,
            step=as_step(step, otherwise=self.run.next_step),
            lr=as_number(lr),
            elapsed=self.monitor.elapsed(),
            mean=train_loss,
            validated=validated,
            awaited=awaited,
        )
        found = merged(self.processes.gather(own))
        self.complain_of_losses(found)
        return found.observation

    def complain_of_losses(self, found: LoggedLosses) -> None:
        """Complain of a loss that is missing or not finite."""
        self.run.complaints.about_losses(found, self.run.settings)

    def decide(self, observation: Observation, trained: Any = None) -> Decision:
        """Let the run judge an epoch.

        Args:
            observation: The epoch.
            trained: The model, see `Trained`.
        """
        decision = self.run.observe(observation, trained, self.listeners)
        if self.settings.verbose and self.processes.is_first:
            self.run.account.judged = self._judged_words()
            self._final_summary.follow(self.run.account)
        return decision

    # Act ----------------------------------------------------------------------------------------------

    def must_end(self, decision: Decision) -> bool:
        """Whether the framework must be stopped: not where its epochs are over and it ends by itself."""
        return self.run.must_end(decision)

    def give_back_best(self, trained: Trained, *, trained_since: bool = False) -> Any:
        """Give the model its best weights if ``restore_best`` asks for them and it has others.

        Args:
            trained: The model.
            trained_since: Whether the training went on after the last decision.

        Returns:
            The model with these weights; None where it stays as it is.
        """
        best, account = self.run.stage(BestWeights), self.run.account
        account.is_at_best = account.is_at_best and not trained_since
        given = None if best is None else best.give_back(self.decision, trained, trained_since=trained_since)
        account.restored = given is not None
        return given

    def conclude(self, cause: Cause = "", say: Callable[[str], object] | None = None) -> None:
        """Sum the training up, once, in the first process.

        Args:
            cause: What ended it, if that was neither the rule nor the budget.
            say: Prints a text; by default to the standard output, above a progress bar of tqdm.
        """
        if self.decision is None and not cause and self.settings.verbose and self.processes.is_first:
            self._final_summary.follow(self.run.account)  # it reports that nothing was judged
        self._final_summary.say(cause, say or write)

    def conclude_with(self, call: type) -> None:
        """Sum the training up also if an error ends the call of a framework that does not report errors.

        Args:
            call: The class of the object through which the framework calls hooks, and which lives as long as the call.
        """
        self._final_summary.end_with(call)

    def announce(self, decision: Decision) -> None:
        """Print what is reported of an epoch after which the training goes on, in the first process."""
        if self.processes.is_first and (words := self.words(decision)) is not None:
            write(words)

    def words(self, decision: Decision) -> str | None:
        """What is reported of an epoch after which the training goes on; None for nothing."""
        parts = (self.remark(decision), None if decision.stop else self.progress())
        return "\n".join(filter(None, parts)) or None

    def remark(self, decision: Decision) -> str | None:
        """What is reported besides the forecast: a change made to the run, or once that it is surely broken."""
        if decision.stop or not self.settings.verbose:
            return None
        if decision.action in CHANGES:
            return str(decision)
        if self.run.warns_now(decision):
            return warning(decision) or None
        return str(decision) if self.settings.verbose > 1 and self.run.is_new_verdict else None

    def _judged_words(self) -> str:
        """What the callback found out by itself: which way metrics improve, and the loss of a trivial predictor."""
        own = self.run.settings
        judged: dict[str, str] = {}
        if self.settings.mode == "auto" and self.judged_metric is not None:
            judged[self.judged_metric] = own.direction
        judged |= {metric.name: metric.mode for metric in own.metrics}
        better = {"min": "less", "max": "more"}
        each = [f"{name}, of which {better[mode]} is better" for name, mode in judged.items()]
        parts = [f"judged: {', and '.join(each)}"] if each else []
        if self.run.baseline is not None:
            parts.append(source_of(self.run.baseline))
        return f" ({'; '.join(parts)})" if parts else ""

    def had_stopped(self, by: str = "stop_on") -> str | None:
        """The message for a resumed run that had stopped, so that a fit that does nothing explains itself.

        Args:
            by: A setting by which it may have ended.
        """
        if self.stopped_epoch is None or not self.settings.verbose or not self.processes.is_first:
            return None
        return f"this run had stopped already; to go on, change what ended it, such as {by} | {self.decision}"

    def progress(self) -> str | None:
        """The forecast to show between epochs, None where there is none."""
        forecast = self.forecast() if self.settings.show_forecast else None
        return None if forecast is None else eta(forecast, self.counter)

    def numbers(self, decision: Decision) -> dict[str, float]:
        """A decision as numbers for loggers: the verdict by its gravity, evidence and forecast by name."""
        forecast = self.forecast()
        named = {**decision.evidence, **(numbers_of(forecast) if forecast is not None else {})}
        evidence = {f"convergence/{name}": value for name, value in named.items()}
        return {"convergence/verdict": decision.verdict.gravity, "convergence/stop": int(decision.stop), **evidence}

    # State --------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state of the run in plain types, with arrays where `saves_weights`; of the settings only the rule."""
        return self.run.state(self._rule())

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state at the next `begin`."""
        self._saved = state_dict

    def _rule(self) -> str:
        """The settings that end a training, as text: a saved stop holds while it is the same."""
        ending = ("tolerance", "min_epochs", "mode", "target_loss", "stop_on", "criteria")
        values = {**vars(self.settings), "mode": self.likely_direction()}
        return ", ".join(f"{name}={values[name]!r}" for name in ending)
