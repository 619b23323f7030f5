"""The integration with Ray Tune: each trial of a search ends when its own curve says so.

In a search:

    from ray import tune
    from convergence_callbacks.ray import ConvergenceStopper
    stopper = ConvergenceStopper(max_epochs=200)
    tuner = tune.Tuner(train, param_space=…, run_config=tune.RunConfig(stop=stopper))
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    from ray.tune import Stopper
    from ray.tune.utils import flatten_dict
except ImportError as error:  # ray.tune says itself what it lacks, by an error of its own
    raise ModuleNotFoundError(not_installed("Ray Tune", "tune")) from error

from convergence_callbacks.adapter.settings import CallbackSettings, supported_by
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.config.from_yaml import FromYaml
from convergence_callbacks.core.constructor import representation, takes
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.experiments.search import SearchOutlook, Tried, search_outlook
from convergence_callbacks.metrics.find import find_validation_loss
from convergence_callbacks.telling.search import end_of_search

RATES = ("lr", "learning_rate")
"""Under which names a trial may report its learning rate."""

SILENT = 10
"""Results of another trial since its own last, after which a trial was ended by somebody else, as a scheduler does."""

REMEMBERED = 2000
"""Results of which it is known whose they were."""


class _Trial(Stopping):
    """A trial of a search: it has neither the model nor the framework's loggers."""

    integration = "Ray Tune"
    supports = supported_by(integration)


class ConvergenceStopper(FromYaml, Stopper):
    """Ends each trial of a Ray Tune search when it has converged, overfits, diverged or does not learn.

    It takes the settings of `Stopping`; ``record`` becomes a file for each trial. An epoch is a result that the trial
    reports, by its ``training_iteration``; report ``train_loss``, ``val_loss`` and, where it changes, ``lr``. A trial
    that is ended is complete to Ray, not failed. It goes with any scheduler and, in a ``CombinedStopper``, with other
    stoppers. A trial that starts again after a lost worker, and a restored experiment, are decided as if nothing had
    happened. With population based training a trial takes over the weights of another: this is not for it.

    With ``search_tolerance`` the whole search ends, trials that still run included, once further trials are expected to
    bring less than that share of what the best trial gained; see `search_outlook`. No stopper is informed of a trial
    that failed, or that a scheduler ended: it counts, with what it had reached, once another has reported ten results.

    Attributes:
        decisions: The latest decision on each trial, by its id. Ray works with a copy where it restores an experiment.
        outlook: Where the search stands; None without ``search_tolerance``, and before a trial has ended.
    """

    @takes(CallbackSettings)
    def __init__(self, settings: CallbackSettings) -> None:
        self.settings = _Trial.from_settings(settings).settings
        self.decisions: dict[str, Decision] = {}
        self.outlook: SearchOutlook | None = None
        self._trials: dict[str, _Trial] = {}
        self._began: dict[str, float | None] = {}
        self._reported: deque[str] = deque(maxlen=REMEMBERED)

    @classmethod
    def from_tune_config(cls, config: Any, **settings: Any) -> ConvergenceStopper:
        """A stopper that judges what a search looks for, in the direction that it names.

        Ray gives its ``TuneConfig`` to schedulers and search algorithms, but not to stoppers.

        Args:
            config: The ``TuneConfig``: its ``metric`` becomes ``val_metric``, its ``mode`` the mode; what it leaves out
                is as without it.
            **settings: Settings of `Stopping`; they go before.

        Raises:
            SettingsError: A setting has a wrong name, type or value, or the direction of the metric is not known.
        """
        stated = {"val_metric": config.metric, "mode": config.mode if config.metric is not None else None}
        return cls(**{name: value for name, value in stated.items() if value is not None} | settings)

    def __repr__(self) -> str:
        return representation(self, self.settings)

    def __call__(self, trial_id: str, result: Mapping[str, Any]) -> bool:
        """Whether a trial should end with this result."""
        if trial_id in self.decisions and self.decisions[trial_id].stop:
            return True
        trial = self._trials.get(trial_id) or self._begun(trial_id)
        decision = trial.decide(self._collect(trial, result))
        say = functools.partial(_say, trial_id)
        self.decisions[trial_id] = decision
        self._reported.append(trial_id)
        self._began.setdefault(trial_id, decision.best_value)
        if text := trial.words(decision):
            say(text)
        if decision.stop or result.get("done"):
            trial.conclude(say=say)
            trial.run.end()
            del self._trials[trial_id]
            self._look(trial.run.settings.sign)
        return decision.stop

    def stop_all(self) -> bool:
        """Whether the whole search should end."""
        return self.outlook is not None and self.outlook.ends

    def _look(self, sign: float) -> None:
        """See where the search stands, and say so once where it ends.

        Args:
            sign: 1, or -1 where more of what is judged is better.
        """
        if self.settings.search_tolerance is None:
            return
        had_ended = self.stop_all()
        self.outlook = search_outlook(
            [
                Tried(value=decision.best_value, began=self._began.get(trial_id))
                for trial_id, decision in self.decisions.items()
                if self._is_over(trial_id)
            ],
            tolerance=self.settings.search_tolerance,
            n_trials=self.settings.n_trials,
            sign=sign,
        )
        if self.outlook.ends and not had_ended and self.settings.verbose:
            print(end_of_search(self.outlook))

    def _is_over(self, trial_id: str) -> bool:
        """Whether a trial has ended, as far as it can be known."""
        if trial_id not in self._trials:
            return True
        since = list(self._reported)[::-1]
        others = Counter(since[: since.index(trial_id)] if trial_id in since else since)
        return max(others.values(), default=0) >= SILENT

    def __getstate__(self) -> dict[str, Any]:
        """The state of all trials; Ray keeps it with the experiment."""
        trials = {trial_id: trial.state_dict() for trial_id, trial in self._trials.items()}
        search = {"outlook": self.outlook, "began": self._began, "reported": list(self._reported)}
        return {"settings": self.settings, "decisions": self.decisions, "trials": trials, **search}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Go on with the trials of a restored experiment."""
        self.settings, self.decisions, self._trials = state["settings"], state["decisions"], {}
        self.outlook, self._began = state.get("outlook"), state.get("began", {})
        self._reported = deque(state.get("reported", ()), maxlen=REMEMBERED)
        for trial_id, saved in state["trials"].items():
            self._begun(trial_id, saved)

    def _begun(self, trial_id: str, saved: Mapping[str, Any] | None = None) -> _Trial:
        trial = _Trial.from_settings(self._settings_of(trial_id))
        if saved is not None:
            trial.load_state_dict(saved)
            trial.begin()
        self._trials[trial_id] = trial
        return trial

    def _settings_of(self, trial_id: str) -> CallbackSettings:
        """The settings, with a record for each trial: ``record.jsonl`` becomes ``record-<trial>.jsonl``."""
        if self.settings.record is None:
            return self.settings
        path = Path(self.settings.record)
        return dataclasses.replace(self.settings, record=path.with_stem(f"{path.stem}-{trial_id}"))

    def _collect(self, trial: _Trial, result: Mapping[str, Any]) -> Observation:
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


def _say(trial_id: str, text: str) -> None:
    """Print of a trial, each line with its id."""
    print("\n".join(f"trial {trial_id}: {line}" for line in text.splitlines()))
