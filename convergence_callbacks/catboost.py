"""The door to CatBoost.

In a training:

    from convergence_callbacks.catboost import ConvergenceStopping
    model.fit(train, eval_set=valid, callbacks=[ConvergenceStopping()])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

try:
    import catboost  # noqa: F401  # said here, before a training has begun
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("CatBoost is not installed: pip install 'convergence-callbacks[catboost]'") from error

from convergence_callbacks.adapter.evaluation_sets import Evaluation, as_logged
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.counter import Counter


class ConvergenceStopping(Stopping):
    """Ends a CatBoost training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`; an epoch is an iteration, and ``max_epochs`` has to be given, since CatBoost
    does not tell how many are asked for. CatBoost computes the loss of the training data by itself, under the name
    *learn*. Evaluations are named ``data/metric``, as in ``val_metric="validation/AUC"``. A training that
    goes on from a snapshot is decided as if it had never stopped.
    """

    integration = "CatBoost"
    unsupported_because = MappingProxyType(
        {"restore_best": "CatBoost keeps the trees up to the best iteration itself (use_best_model)"}
    )
    counter = Counter("round")

    def _construct(self) -> None:
        self._judged = 0

    def after_iteration(self, info: Any) -> bool:
        """Judge the iteration; False ends the training."""
        if info.iteration != self._judged + 1:  # a run of its own, or one from a snapshot: its history is all there
            self.begin()
            self._judged = 0
        for iteration in range(self._judged, info.iteration):
            decision = self.decide(self.collect(iteration, as_logged(_rows(info.metrics, iteration))))
        self._judged = info.iteration
        self.announce(decision)
        return not decision.stop


def _rows(history: Mapping[str, Mapping[str, Sequence[float]]], iteration: int) -> Iterator[Evaluation]:
    for data, metrics in history.items():
        for metric, values in metrics.items():
            if iteration < len(values):  # CatBoost evaluates every metric_period iterations
                yield Evaluation(data, metric, values[iteration])
