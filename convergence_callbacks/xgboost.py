"""The integration with XGBoost, for ``xgboost.train`` and its scikit-learn classes.

In a training:

    from convergence_callbacks.xgboost import ConvergenceStopping
    evals = [(train, "train"), (valid, "valid")]
    booster = xgboost.train(params, train, 1000, evals=evals, callbacks=[ConvergenceStopping()])
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    from xgboost import Booster
    from xgboost.callback import CallbackContainer, EvaluationMonitor, TrainingCallback
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("XGBoost", "xgboost")) from error

import numpy as np

from convergence_callbacks.adapter.account import caller_of
from convergence_callbacks.adapter.stages.best_weights import lost
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, StateError, as_state_error
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.metrics.evaluations import Evaluation, as_logged, is_validated, judged
from convergence_callbacks.metrics.trivial import Baseline, of_frequencies

STATE = "convergence_state"
"""The booster's attribute that holds the state of a training in progress."""

SINCE = "convergence_since"
"""The attribute that holds what was observed since that state was written, in JSON."""

STATE_EVERY = 64
"""Rounds from one state to the next: to write it in each would take longer than to judge the round."""

NO_SLICE = {
    "dart": "dart reweights earlier trees in each round, so those up to the best are not the model that was best",
    "gblinear": "gblinear has no trees of which the later ones could be left out",
}
"""Boosters of which the state at an earlier round can't be had, and why."""


class ConvergenceStopping(Stopping, TrainingCallback):
    """Ends an XGBoost training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`; an epoch is an iteration, and ``max_epochs`` has to be given, since XGBoost
    does not show how many were asked for. Hand the training data to ``evals`` too, under a name with *train* in it:
    both curves are judged together. Other evaluations are named ``data/metric``, as in
    ``train_metric="validation_0/rmse"``. ``restore_best`` keeps the trees up to the best iteration. The state is in
    the booster while it trains, so a training that goes on from a ``TrainingCheckPoint`` is decided as if it had
    never stopped; put this callback before it. (Where no other callback could save the booster, none is written.
    XGBoost before 3.1.2 calls callbacks in any order: there a checkpoint may hold the state of the iteration before.)
    """

    integration = "XGBoost"
    supports = frozenset({"restore_best", "find_baseline"})
    counter = Counter("round")

    def _construct(self) -> None:
        TrainingCallback.__init__(self)
        self._first = 0
        self._is_alone = False
        self._since: list[str] = []
        self._warned_when_written: bool | None = None

    def before_training(self, model: Any) -> Any:
        """Make ready for this run, or go on with the one that the booster is from."""
        self._first, self._warned_when_written = model.num_boosted_rounds(), None
        self._is_alone = type(self) is ConvergenceStopping and _is_alone(self, caller_of(CallbackContainer))
        saved = model.attr(STATE)
        if saved is not None:
            self.load_state_dict(_read(saved))
        self.begin_resumed()
        self.conclude_with(CallbackContainer)
        if self.decision is not None:
            self._catch_up(model.attr(SINCE) or "[]")
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> bool:
        """Judge the iteration."""
        rows = [
            Evaluation(data, metric, _mean(values[-1]))
            for data, metrics in evals_log.items()
            for metric, values in metrics.items()
        ]
        if self.decision is None:
            self.run.fill_in(_baseline(model, judged(self.settings.val_metric, rows)))
        observation = self.collect(self._first + epoch, as_logged(rows), validated=is_validated(rows))
        decision = self.decide(observation)
        if not self._is_alone:
            self._write(model, observation, decision)
        self.announce(decision)
        if decision.stop and not isinstance(model, Booster):  # `xgboost.cv` reads there how much of its results to keep
            best = decision.best_step if self.settings.restore_best else decision.step
            model.set_attr(best_iteration=str(best))
        return decision.stop

    def after_training(self, model: Any) -> Any:
        """Keep the trees up to the best iteration, where asked, and sum the training up."""
        model = self._kept(model)
        if isinstance(model, Booster) and _booster(model) not in NO_SLICE:
            self.run.account.predict = "iteration_range=(0, {})"
        self.conclude()
        self.run.end()
        return model

    def _write(self, model: Any, observation: Observation, decision: Decision) -> None:
        """Write down all that is needed to go on from this round."""
        self._since.append(json.dumps(observation.to_dict()))
        was_warned, is_as_judged = self.run.is_warned, decision is self.monitor.decision and not decision.stop
        if is_as_judged and was_warned is self._warned_when_written and len(self._since) < STATE_EVERY:
            model.set_attr(**{SINCE: f"[{','.join(self._since)}]"})
        else:  # what a stage made of the decision is in the state alone
            self._since, self._warned_when_written = [], was_warned if is_as_judged else None
            model.set_attr(**{STATE: json.dumps(self.state_dict()), SINCE: None})

    def _catch_up(self, since: str) -> None:
        """Judge the rounds again that were observed after the state was written."""
        try:
            with as_state_error():
                for observation in json.loads(since):
                    self.monitor.observe(Observation.from_dict(observation))
        except StateError as error:
            self.begin()
            self.report_unreadable(error)
        else:
            self.load_state_dict(self.state_dict())  # as if it had been saved in the last of them
            self.begin()

    def _kept(self, model: Any) -> Any:
        model.set_attr(**{STATE: None, SINCE: None})  # what goes on from here is a training of its own
        decision = self.decision
        if not self.settings.restore_best or decision is None or decision.best_step is None:
            return model
        if not isinstance(model, Booster):  # a cross-validation gives back no trees
            return model
        return self._up_to(model, decision, decision.best_step)

    def _up_to(self, model: Any, decision: Decision, best: int) -> Any:
        if reason := NO_SLICE.get(_booster(model)):
            self.run.complaints.make(ConvergenceError(f"restore_best gives back nothing: {reason}"))
            return model
        if best + 1 > model.num_boosted_rounds():
            self.run.complaints.make(lost(decision))
            return model
        trees = model[: best + 1]
        self.run.account.restored = True
        trees.set_attr(best_iteration=str(best), best_score=str(decision.best_value))
        return trees


def _is_alone(own: TrainingCallback, container: Any) -> bool:
    """Whether no other callback is there that could save the booster while it trains."""
    others = getattr(container, "callbacks", [None])
    return all(other is own or type(other) is EvaluationMonitor for other in others)


def _baseline(model: Any, judged: Evaluation | None) -> Baseline | None:
    """The loss of the class frequencies of the training data, where the booster began with them as its intercept."""
    if judged is None or not isinstance(model, Booster):
        return None
    learner = json.loads(model.save_config())["learner"]
    first, objective = learner["learner_model_param"], learner["objective"]
    if first.get("boost_from_average") != "1":  # the user set it
        return None
    scores = np.fromstring(first["base_score"].strip("[]"), sep=",")
    if objective["name"] == "binary:logistic" and objective["reg_loss_param"]["scale_pos_weight"] == "1":
        return of_frequencies(judged.metric, [scores[0], 1 - scores[0]], "train")
    if objective["name"].startswith("multi:") and len(scores) == int(first["num_class"]):
        return of_frequencies(judged.metric, np.exp(scores) / np.exp(scores).sum(), "train")
    return None


def _booster(model: Any) -> str:
    """Which kind of booster a model is: "gbtree", "dart" or "gblinear"."""
    return str(json.loads(model.save_config())["learner"]["learner_train_param"]["booster"])


def _read(saved: str) -> Any:
    """A state as it was written; what is no JSON is no state either."""
    try:
        return json.loads(saved)
    except ValueError:
        return {}


def _mean(value: Any) -> Any:
    """A metric; in a cross-validation its mean, which comes with a deviation."""
    return value[0] if isinstance(value, tuple) else value
