"""The integration with LightGBM, for ``lightgbm.train`` and its scikit-learn classes.

In a training:

    from convergence_callbacks.lightgbm import ConvergenceStopping
    booster = lightgbm.train(params, train, 1000, valid_sets=[train, valid], callbacks=[ConvergenceStopping()])
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    from lightgbm import Booster
    from lightgbm.callback import EarlyStopException
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("LightGBM", "lightgbm")) from error

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.metrics.evaluations import Evaluation, as_logged, is_validated, judged, rises
from convergence_callbacks.metrics.trivial import Baseline, of_targets

DART = "dart reweights earlier trees in each round, so those up to the best are not the model that was best"
"""Why there is no best model of dart."""


class ConvergenceStopping(Stopping):
    """Ends a LightGBM training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`; an epoch is an iteration. Pass the training data to ``valid_sets`` too: both
    curves are judged together. Evaluations are named ``data/metric``, as in ``val_metric="valid_1/auc"``.
    ``restore_best`` sets ``best_iteration``, up to which LightGBM predicts. The training data must not be renamed so
    that *train* is no longer in its name.
    """

    integration = "LightGBM"
    supports = frozenset({"restore_best", "find_baseline"})
    states_direction = True
    counter = Counter("round")

    def _construct(self) -> None:
        self.order = 40  # after those that record, as LightGBM's own early stopping

    def __call__(self, env: Any) -> None:
        """Judge the iteration.

        Raises:
            EarlyStopException: The training ends here; LightGBM catches it.
        """
        rows = [Evaluation(row[0], row[1], row[2], rises=row[3]) for row in env.evaluation_result_list or ()]
        if env.iteration == env.begin_iteration:
            self.begin(env.end_iteration, rises=functools.partial(rises, evaluations=rows))
            self.run.fill_in(_baseline(env.model, judged(self.settings.val_metric, rows)))
        observation = self.collect(env.iteration, as_logged(rows), validated=is_validated(rows))
        decision = self.decide(observation)
        self.announce(decision)
        last = decision.stop or env.iteration == env.end_iteration - 1
        if last:
            self.run.account.predict = "" if _is_dart(env.params) else "num_iteration={}"
            self.run.account.restored = self.settings.restore_best and not _is_dart(env.params)
            self.conclude()
        if last and self.settings.restore_best and _is_dart(env.params):
            self.run.complaints.make(ConvergenceError(f"restore_best gives back nothing: {DART}"))
        elif last and self.settings.restore_best and decision.best_step is not None:
            raise EarlyStopException(decision.best_step, env.evaluation_result_list)
        if self.must_end(decision):
            raise EarlyStopException(env.iteration, env.evaluation_result_list)


def _baseline(model: Any, judged: Evaluation | None) -> Baseline | None:
    """The loss of a trivial predictor of the data set that is judged; a cross-validation has several."""
    if judged is None or not isinstance(model, Booster):
        return None
    data = dict(zip(model.name_valid_sets, model.valid_sets, strict=False)).get(judged.data)
    return None if data is None else of_targets(judged.metric, data.get_label(), data.get_weight())


def _is_dart(params: Mapping[str, Any]) -> bool:
    """Whether trees of earlier rounds change later, under any of the names that LightGBM takes for it."""
    return "dart" in {params.get(name) for name in ("boosting", "boosting_type", "boost")}
