"""The door to Ray Tune: each trial of a search ends when its own curve says so.

In a search:

    from ray import tune
    from convergence_callbacks.ray import ConvergenceStopper
    stopper = ConvergenceStopper(max_epochs=200)
    tuner = tune.Tuner(train, param_space=…, run_config=tune.RunConfig(stop=stopper))
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

try:
    from ray.tune import Stopper
    from ray.tune.utils import flatten_dict
except ImportError as error:  # ray.tune says itself what it lacks, by an error of its own
    raise ModuleNotFoundError("Ray Tune is not installed: pip install 'convergence-callbacks[tune]'") from error

from convergence_callbacks.adapter.names import find_validation_loss
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.config.from_yaml import FromYaml
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.schedule import Schedule
from convergence_callbacks.core.settings import CriteriaSetting, StopOnSetting
from convergence_callbacks.core.verdict import STOP_ON_DEFAULT

RATES = ("lr", "learning_rate")
"""Under which names a trial may report its learning rate."""


class ConvergenceStopper(FromYaml, Stopper):
    """Ends each trial of a Ray Tune search when it has converged, overfits, diverged or does not learn.

    It takes those settings of `Stopping` that mean something in a search. An epoch is a result that the trial reports,
    by its ``training_iteration``; report ``train_loss``, ``val_loss`` and, where it changes, ``lr``. A trial that is
    ended is complete to Ray, not failed. It goes with any scheduler and, in a ``CombinedStopper``, with other stoppers.
    A trial that starts again after a lost worker, and a restored experiment, are decided as if nothing had happened.
    With population based training a trial takes up the weights of another: this is not for it.

    Args:
        max_epochs: Results a trial may report; unknown when left out.
        tolerance: Stop when what is still to be gained is below this share of what was gained.
        min_epochs: Never stop before this many results.
        mode: ``"min"`` where less of the judged metric is better, ``"max"`` where more is: then name it.
        baseline_loss: Loss of a trivial predictor (class frequencies, or the mean of the targets).
        target_loss: Stop as soon as the judged loss is at least this good.
        lr_schedule: Learning rate of each result, where known and the same for all trials.
        stop_on: Verdicts that end a trial; the others are only told.
        criteria: Criteria that end a trial instead of the default rule, joined by ``|`` and ``&``.
        train_metric: Name under which the train loss is reported; found by itself when left out.
        val_metric: Name under which the validation loss is reported; found by itself when left out.
        verbose: Say why a trial ended.

    Attributes:
        decisions: The latest decision on each trial, by its id. Ray works with a copy where it restores an experiment.

    Raises:
        SettingsError: A setting has a wrong type or value.
    """

    def __init__(
        self,
        *,
        max_epochs: int | None = None,
        tolerance: float = 0.01,
        min_epochs: int = 5,
        mode: Literal["min", "max"] = "min",
        baseline_loss: float | None = None,
        target_loss: float | None = None,
        lr_schedule: Schedule | None = None,
        stop_on: StopOnSetting = STOP_ON_DEFAULT,
        criteria: CriteriaSetting = None,
        train_metric: str | None = None,
        val_metric: str | None = None,
        verbose: bool = True,
    ) -> None:
        self.settings = Stopping(
            max_epochs=max_epochs,
            tolerance=tolerance,
            min_epochs=min_epochs,
            mode=mode,
            baseline_loss=baseline_loss,
            target_loss=target_loss,
            lr_schedule=lr_schedule,
            stop_on=stop_on,
            criteria=criteria,
            train_metric=train_metric,
            val_metric=val_metric,
            verbose=verbose,
        ).settings
        self.decisions: dict[str, Decision] = {}
        self._trials: dict[str, Stopping] = {}

    def __call__(self, trial_id: str, result: Mapping[str, Any]) -> bool:
        """Whether a trial should end with this result."""
        if trial_id in self.decisions and self.decisions[trial_id].stop:
            return True
        trial = self._trials.get(trial_id) or self._begun(trial_id)
        decision = trial.decide(self._collect(trial, result))
        self.decisions[trial_id] = decision
        trial.history.clear()  # a search may have thousands of trials
        trial.observations.clear()
        if decision.stop or result.get("done"):
            del self._trials[trial_id]
        if decision.stop and self.settings.verbose:
            print(f"trial {trial_id}: {decision}")
        return decision.stop

    def stop_all(self) -> bool:
        """Never: the search goes on with other trials."""
        return False

    def __getstate__(self) -> dict[str, Any]:
        """The state of all trials; Ray keeps it with the experiment."""
        trials = {trial_id: trial.state_dict() for trial_id, trial in self._trials.items()}
        return {"settings": self.settings, "decisions": self.decisions, "trials": trials}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Go on with the trials of a restored experiment."""
        self.settings, self.decisions, self._trials = state["settings"], state["decisions"], {}
        for trial_id, saved in state["trials"].items():
            self._begun(trial_id, saved)

    def _begun(self, trial_id: str, saved: Mapping[str, Any] | None = None) -> Stopping:
        trial = Stopping(**vars(self.settings))
        if saved is not None:
            trial.load_state_dict(saved)
            trial.begin()
        self._trials[trial_id] = trial
        return trial

    def _collect(self, trial: Stopping, result: Mapping[str, Any]) -> Observation:
        logged = flatten_dict({name: value for name, value in result.items() if name != "config"})
        named = self.settings.val_metric
        observation = trial.collect(
            int(result["training_iteration"]) - 1,
            logged,
            lr=next((logged[name] for name in RATES if name in logged), None),
            validated=named is not None or find_validation_loss(logged) is not None,
        )
        # The trial's time, not the search's.
        return dataclasses.replace(observation, elapsed=result.get("time_total_s"))
