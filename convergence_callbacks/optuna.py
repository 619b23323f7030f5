"""The integration with Optuna: a pruner for any study, and a callback for the loop of an objective.

In a study:

    from convergence_callbacks.optuna import ConvergenceStopping
    def objective(trial):
        stopping = ConvergenceStopping(max_epochs=200)
        for epoch in range(200):
            train_loss, val_loss = train_one_epoch(model), validate(model)
            if stopping.update(trial, train_loss=train_loss, val_loss=val_loss).stop:
                break
        return stopping.decision.best_value
"""

from __future__ import annotations

import dataclasses
import math
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from convergence_callbacks.telling.missing import not_installed

try:
    import optuna
    from optuna.pruners import BasePruner
    from optuna.study import StudyDirection
    from optuna.trial import FrozenTrial, TrialState
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("Optuna", "optuna")) from error

from convergence_callbacks.adapter.account import write
from convergence_callbacks.adapter.loop import LoopStopping
from convergence_callbacks.adapter.run import Run
from convergence_callbacks.config.from_yaml import FromYaml
from convergence_callbacks.core.constructor import representation, takes
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.fields import check, setting
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.experiments.search import SearchOutlook, Tried, search_outlook
from convergence_callbacks.metrics import Direction
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.telling.search import end_of_search

ATTRIBUTE = "convergence"
"""Under which name a trial keeps what was said of it."""

REMEMBERED = 64
"""Trials whose monitors a pruner keeps; those of others are made anew from what they reported."""


class ConvergenceStopping(LoopStopping):
    """Ends the loop of an objective when the trial has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. Each update reports the judged value to the trial, and asks the study's own
    pruner whether other trials are better. So a trial that is finished counts with its best value, and one that has no
    prospects is pruned. What was said at the end is the trial's user attribute ``convergence``. Where a study has
    several objectives, nothing is reported and nothing pruned: Optuna knows no intermediate values there. Of several
    trainings in a trial, such as folds with `begin` before each, the first is reported and compared with other trials.
    ``record`` becomes a file for each trial: ``record-3.jsonl``.
    """

    integration = "Optuna"
    states_direction = True
    unsupported_because = MappingProxyType(
        {"restore_best": "a trial counts by its value, so return decision.best_value"}
    )

    def _construct(self) -> None:
        self._entered: Run | None = None
        self._trial: int | None = None
        self._compares = False
        self._record = None if self.settings.record is None else Path(self.settings.record)

    def update(self, model: Any = None, *, lr: Any = None, epoch: int | None = None, **logged: Any) -> Decision:
        """Take in one epoch, report it to the trial and judge the training so far.

        Args:
            model: The trial.
            lr: Learning rate of the epoch.
            epoch: Its number, from 0; one after the last when left out.
            **logged: The losses and metrics by name; see `LoopStopping.update`.

        Raises:
            TrialPruned: The study's pruner has found that other trials are better.
            SettingsError: What is judged does not improve as the study's value does.
            MetricNotFoundError: With ``strict``, a metric is missing.
            ConvergenceError: With ``strict``, a loss is not finite.
        """
        if model is not None and self._entered is not self.run:
            self._enter(model)
        decision = super().update(lr=lr, epoch=epoch, **logged)
        if model is not None:
            self._report(model, decision)
        return decision

    def _enter(self, trial: optuna.Trial) -> None:
        """Begin a training of a trial, as its study wants it.

        Raises:
            SettingsError: What is judged does not improve as the study's value does.
        """
        self._compares = len(trial.study.directions) == 1
        if self._compares:
            self._follow(_mode(trial.study.direction))
        is_further = self._trial == trial.number or ATTRIBUTE in trial.user_attrs
        self._compares &= not is_further  # the steps of a fold are those of the first, which Optuna has already
        self._trial = trial.number
        if self._record is not None:  # trials may run side by side
            self._record_as(self._record.with_stem(f"{self._record.stem}-{trial.number}"))
        self._entered = self.run

    def _record_as(self, path: Path) -> None:
        """Go on with a record of its own."""
        self.settings = dataclasses.replace(self.settings, record=path)
        self._saved = None if self.decision is None else self.state_dict()
        self.begin(*self._limits, direction=self.run.settings.direction)

    def _follow(self, study: Direction) -> None:
        """Judge what the study looks for: its direction is that of a metric whose name says none.

        Raises:
            SettingsError: What is judged improves the other way.
        """
        try:
            own = self.direction()
        except SettingsError:  # the name does not say it, and the study does
            own = study
        if own != study:
            raise SettingsError(
                f"the study's direction is '{study}imize', but the judged metric improves the other way: name "
                f"what the study looks for with val_metric, or set mode={study!r}",
                ("mode",),
            )
        if own != self.run.settings.direction:
            self.begin(*self._limits, direction=own)

    def _report(self, trial: optuna.Trial, decision: Decision) -> None:
        if self._compares and (value := self._judged_value()) is not None:
            trial.report(value, decision.step)
        prune = self._compares and not decision.stop and trial.should_prune()
        if decision.stop or prune:
            trial.set_user_attr(ATTRIBUTE, {**decision.to_dict(), "reason": decision.reason, "pruned": prune})
        if prune:
            self.run.end()
            raise optuna.TrialPruned(f"other trials are better; {decision}")

    def _judged_value(self) -> float | None:
        """The validation loss; the train loss in a training that has none."""
        observation, validates = self.observations[-1], any(seen.val_loss is not None for seen in self.observations)
        return observation.val_loss if validates else observation.train_loss


@dataclass(frozen=True)
class PrunerSettings(Settings):
    """The settings of a monitor, and another pruner."""

    pruner: BasePruner | None = setting(
        "a pruner that compares trials, such as ``MedianPruner()``: where it prunes, so does this", None
    )


class ConvergencePruner(FromYaml, BasePruner):
    """Prunes a trial when it has converged, overfits, diverged or does not learn, by the values that it reported.

    The decision is computed from these values alone, so it is the same in every process and after a restart, whatever
    the storage. An epoch is a report. Train loss and learning rate a pruner does not see: where you can change the
    loop, use `ConvergenceStopping`. **A pruned trial is never the study's best**, so where ``trial.should_prune()``,
    end the loop and return the best value instead of raising ``TrialPruned``.
    """

    @takes(PrunerSettings)
    def __init__(self, settings: PrunerSettings) -> None:
        if settings.metrics:
            named = settings.metrics[0].name
            raise SettingsError(
                f"a pruner sees what a trial reported and no {named!r}; use ConvergenceStopping in the objective",
                ("criteria",),
            )
        self.settings, self.pruner = settings, settings.pruner
        self._forget()

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether a trial should end with what it has reported."""
        decision = self.decision(study, trial)
        ends = decision is not None and decision.stop
        return ends or (self.pruner is not None and self.pruner.prune(study, trial))

    def decision(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> Decision | None:
        """What is to be said of a trial, with the reason; None before its first report."""
        values = [value for _, value in sorted(trial.intermediate_values.items())]
        seen, monitor = self._watched.pop((study.study_name, trial.number), ([], None))
        if monitor is None or not np.array_equal(values[: len(seen)], seen, equal_nan=True):
            seen, monitor = [], self._monitor(study)
        for value in values[len(seen) :]:
            monitor.update(val_loss=value)
        self._watched[study.study_name, trial.number] = values, monitor
        while len(self._watched) > REMEMBERED:
            self._watched.popitem(last=False)
        return monitor.decision

    def _monitor(self, study: optuna.Study) -> Monitor:
        mode = _mode(study.direction)
        if self.settings.mode not in ("auto", mode):
            raise SettingsError(
                f"mode is {self.settings.mode!r}, but the study's direction is '{mode}imize'; leave mode out", ("mode",)
            )
        return Monitor.from_settings(dataclasses.replace(self.settings, mode=mode))

    def __getstate__(self) -> dict[str, Any]:
        """The settings: all else is computed anew."""
        return {"settings": self.settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A pruner as it was made."""
        self.settings, self.pruner = state["settings"], state["settings"].pruner
        self._forget()

    def _forget(self) -> None:
        self._watched: OrderedDict[tuple[str, int], tuple[list[float], Monitor | None]] = OrderedDict()


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """When a search ends.

    Raises:
        SettingsError: A value has a wrong type, or is out of its range.
    """

    search_tolerance: float = setting(
        "end the search once further trials are expected to bring less than this share of the best one's gain",
        0.01,
        gt=0,
        lt=1,
    )
    n_trials: int | None = setting(
        "trials that are planned in all; the next ten are looked at when left out", None, ge=1
    )
    verbose: bool = setting("print why the search ends", True)

    def __post_init__(self) -> None:
        check(self)


class SearchStopping(FromYaml):
    """Ends a study once further trials are expected to bring too little, by ``study.stop()``, and says why.

    A callback of ``study.optimize``, with any sampler and pruner. What is expected follows from the four best values
    and the number of trials; see `search_outlook`. A pruned trial was tried and is not the best; so was one that failed
    because its loss was not finite. A trial that failed for another reason does not count. Why the study ended is its
    user attribute ``convergence``. In several processes each ends after the trial that it is at.

    Attributes:
        outlook: Where the study stood after the latest trial; None before.
    """

    @takes(SearchSettings)
    def __init__(self, settings: SearchSettings) -> None:
        self.settings = settings
        self.outlook: SearchOutlook | None = None

    def __repr__(self) -> str:
        return representation(self, self.settings)

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """End the study where that is due.

        Raises:
            SettingsError: The study has several objectives, so no trial is the best.
        """
        if len(study.directions) > 1:
            raise SettingsError("SearchStopping needs a study of one objective: of several no trial is the best")
        own, sign = self.settings, 1.0 if _mode(study.direction) == "min" else -1.0
        trials = list(filter(None, map(_tried, study.get_trials(deepcopy=False))))
        self.outlook = search_outlook(trials, tolerance=own.search_tolerance, n_trials=own.n_trials, sign=sign)
        if self.outlook.ends:
            study.set_user_attr(ATTRIBUTE, {**dataclasses.asdict(self.outlook), "reason": end_of_search(self.outlook)})
            if own.verbose:
                write(end_of_search(self.outlook))
            study.stop()


def _tried(trial: FrozenTrial) -> Tried | None:
    """What came of a trial; None where it shows nothing, as it still runs or failed for a reason of its own."""
    reported = [value for _, value in sorted(trial.intermediate_values.items())]
    match trial.state:
        case TrialState.COMPLETE:
            return Tried(value=trial.value, began=next(iter(reported), None))
        case TrialState.FAIL:
            diverged = trial.user_attrs.get(ATTRIBUTE, {}).get("verdict") == Verdict.DIVERGED
            return Tried() if diverged or not all(map(math.isfinite, reported)) else None
        case TrialState.PRUNED:
            return Tried()
    return None


def _mode(direction: StudyDirection) -> Direction:
    return "max" if direction is StudyDirection.MAXIMIZE else "min"
