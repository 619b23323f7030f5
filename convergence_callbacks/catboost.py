"""The integration with CatBoost.

In a training:

    from convergence_callbacks.catboost import ConvergenceStopping
    model.fit(train, eval_set=valid, callbacks=[ConvergenceStopping()])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    import catboost  # noqa: F401  # so that a missing library is reported at once
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("CatBoost", "catboost")) from error

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.metrics.evaluations import Evaluation, as_logged, is_validated


class ConvergenceStopping(Stopping):
    """Ends a CatBoost training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`; an epoch is an iteration, and ``max_epochs`` has to be given, since CatBoost
    does not show how many were asked for. CatBoost computes the loss of the training data by itself, under the name
    *learn*. Evaluations are named ``data/metric``, as in ``val_metric="validation/AUC"``. A training that
    goes on from a snapshot is decided as if it had never stopped.
    """

    integration = "CatBoost"
    unsupported_because = MappingProxyType(
        {"restore_best": "CatBoost keeps the trees up to the best iteration itself (use_best_model)"}
    )
    counter = Counter("round")

    def _construct(self) -> None:
        self._iteration = self._evaluations = 0

    def after_iteration(self, info: Any) -> bool:
        """Judge the iteration, where CatBoost evaluated it (``metric_period``); False ends the training."""
        if info.iteration != self._iteration + 1:  # a run of its own, or one from a snapshot: its history is all there
            self.begin()
            self._evaluations = 0
        self._iteration = info.iteration
        decision = None
        for number, iteration in self._new_evaluations(info):
            rows = list(_rows(info.metrics, number))
            decision = self.decide(self.collect(iteration, as_logged(rows), validated=is_validated(rows)))
            self._evaluations = number + 1
        if decision is None:
            return True
        self.announce(decision)
        if decision.stop:
            self.run.account.predict = "ntree_end={}"
            self.conclude()
        return not decision.stop

    def _new_evaluations(self, info: Any) -> list[tuple[int, int]]:
        """Each evaluation since the last call, with its iteration; those of a snapshot are evenly apart."""
        count = max((len(values) for metrics in info.metrics.values() for values in metrics.values()), default=0)
        if count <= self._evaluations + 1:
            return [(number, info.iteration - 1) for number in range(self._evaluations, count)]
        apart = (info.iteration - 1) // (count - 1)
        return [(number, number * apart) for number in range(self._evaluations, count)]


def _rows(history: Mapping[str, Mapping[str, Sequence[float]]], number: int) -> Iterator[Evaluation]:
    """An evaluation of the history, of whatever was computed in it."""
    for data, metrics in history.items():
        for metric, values in metrics.items():
            if number < len(values):
                yield Evaluation(data, metric, values[number])
