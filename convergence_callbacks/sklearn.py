"""The integration with scikit-learn's estimators that learn in steps.

In a training:

    from convergence_callbacks.sklearn import ConvergenceStopping
    model = ConvergenceStopping(max_epochs=200).fit(MLPClassifier(), x, y, x_val, y_val)
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    from sklearn.base import clone, is_classifier
    from sklearn.metrics import log_loss
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("scikit-learn", "sklearn")) from error

import numpy as np

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.metrics import Direction
from convergence_callbacks.metrics.trivial import of_targets

Loss = Callable[[Any, Any, Any], float]
"""A loss of an estimator on data: ``loss(estimator, x, y)``."""

MOST_EPOCHS = 1000
"""Epochs of a training where ``max_epochs`` says nothing."""


class Estimator:
    """An estimator that learns in steps; see `Trained`.

    Args:
        model: The estimator.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def weights(self) -> Any:
        """A copy of the estimator itself: its weights are wherever it likes."""
        return copy.deepcopy(self._model)

    def give_back(self, weights: Any) -> Any:
        """The copy."""
        return weights

    @staticmethod
    def read(saved: Any) -> Any:
        """The copy, as a saved state holds it."""
        return saved


class ConvergenceStopping(Stopping):
    """Ends the training of an estimator when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. An epoch is a call of ``partial_fit`` (`MLPClassifier`, `SGDRegressor`, …), or
    an iteration of what grows with ``warm_start`` (`HistGradientBoostingClassifier`, `GradientBoostingRegressor`, …).
    The loss is the log loss of a classifier with probabilities, the share of errors of another, and the mean squared
    error of a regressor, unless ``loss`` is given.
    """

    integration = "scikit-learn"
    supports = frozenset({"restore_best", "find_baseline"})
    trained = Estimator

    def fit(self, estimator: Any, x: Any, y: Any, x_val: Any, y_val: Any, *, loss: Loss | None = None) -> Any:
        """Train an estimator until the decision is to stop.

        Args:
            estimator: What is trained; it is not changed.
            x: Training data.
            y: Its targets.
            x_val: Validation data.
            y_val: Its targets.
            loss: ``loss(estimator, x, y)``, the less the better; a scorer of scikit-learn, such as
                ``get_scorer("roc_auc")``, is a score, the more the better.

        Returns:
            A trained copy of the estimator; with ``restore_best`` as it was at its best epoch.

        Raises:
            ConvergenceError: The estimator does not learn in steps.
        """
        epochs = self.settings.max_epochs or MOST_EPOCHS
        measured = loss or loss_of(estimator)
        own = self.settings
        self.begin(epochs, direction=_direction(measured) if own.mode == "auto" else own.direction)
        self.run.settings = dataclasses.replace(
            self.run.settings, train_metric="train_loss", val_metric=own.val_metric or "val_loss"
        )
        y, y_val = _targets(y), _targets(y_val)
        if loss is None:
            self.run.fill_in(of_targets(name_of_loss(estimator), y_val))
        model = clone(estimator)
        _switch_off_own_early_stopping(model)
        held = Estimator(model)
        for _, epoch in zip(range(epochs), _learning(model, x, y), strict=False):
            decision = self._judge(epoch, measured(model, x, y), measured(model, x_val, y_val), held)
            if decision.stop:
                break
        self.run.end()
        best = self.give_back_best(held)
        self.conclude()
        return model if best is None else best

    def judge_stages(self, model: Any, x: Any, y: Any, x_val: Any, y_val: Any) -> Decision | None:
        """Say of trained gradient boosting where its training should have ended.

        Args:
            model: A trained estimator with ``staged_predict`` or ``staged_predict_proba``.
            x: Training data.
            y: Its targets.
            x_val: Validation data.
            y_val: Its targets.

        Returns:
            The decision that ends the training, or the last one; ``history`` has all up to it.
        """
        self.begin()
        y, y_val = _targets(y), _targets(y_val)
        self.run.fill_in(of_targets(name_of_loss(model), y_val))
        decision = None
        for epoch, pair in enumerate(
            zip(_staged_losses(model, x, y), _staged_losses(model, x_val, y_val), strict=True)
        ):
            decision = self._judge(epoch, *pair)
            if decision.stop:
                break
        self.conclude()
        self.run.end()
        return decision

    def _judge(self, epoch: int, train_loss: float, val_loss: float, held: Estimator | None = None) -> Decision:
        logged = {"train_loss": train_loss, "val_loss": val_loss}
        decision = self.decide(self.collect(epoch, logged), held)
        self.announce(decision)
        return decision


def _direction(measured: Any) -> Direction:
    """Which way a loss or scorer improves; scorers turn the sign of what falls."""
    return "max" if hasattr(measured, "_score_func") else "min"


def loss_of(estimator: Any) -> Loss:
    """The loss that an estimator is judged by unless another is given."""
    losses: Mapping[str, Loss] = {
        "mean_squared_error": lambda model, x, y: _squared_error(y, model.predict(x)),
        "log_loss": lambda model, x, y: _log_loss(model, y, model.predict_proba(x)),
        "zero_one_loss": lambda model, x, y: _error_rate(y, model.predict(x)),
    }
    return losses[name_of_loss(estimator)]


def name_of_loss(estimator: Any) -> str:
    """What scikit-learn calls the loss that an estimator is judged by unless another is given."""
    if not is_classifier(estimator):
        return "mean_squared_error"
    return "log_loss" if hasattr(estimator, "predict_proba") else "zero_one_loss"


def _targets(y: Any) -> Any:
    """Targets as scikit-learn trains on them: of a single column, its values."""
    shape = np.shape(y)
    return np.ravel(y) if len(shape) == 2 and shape[1] == 1 else y


def _switch_off_own_early_stopping(model: Any) -> None:
    """Let nothing but the callback end the training: it would hold back validation data of its own."""
    has = model.get_params()
    if "early_stopping" in has:
        model.set_params(early_stopping=False)
    elif "n_iter_no_change" in has:  # that of gradient boosting has no other switch
        model.set_params(n_iter_no_change=None)


def _learning(model: Any, x: Any, y: Any) -> Iterator[int]:
    """Train a model for an epoch more at each step."""
    if hasattr(model, "partial_fit"):
        classes = {"classes": np.unique(y)} if is_classifier(model) else {}
        for epoch in itertools.count():
            model.partial_fit(x, y, **classes)
            yield epoch
    settings = model.get_params()
    size = next((name for name in ("max_iter", "n_estimators") if name in settings), None)
    if "warm_start" not in settings or size is None or not hasattr(type(model), "staged_predict"):
        raise ConvergenceError(
            f"{type(model).__name__} has neither partial_fit, nor stages that warm_start adds to; "
            "the stages of a trained model are judged by judge_stages"
        )
    for epoch in itertools.count():
        model.set_params(warm_start=True, **{size: epoch + 1}).fit(x, y)
        yield epoch


def _staged_losses(model: Any, x: Any, y: Any) -> Iterator[float]:
    if not is_classifier(model):
        return (_squared_error(y, predicted) for predicted in model.staged_predict(x))
    if hasattr(model, "staged_predict_proba"):
        return (_log_loss(model, y, predicted) for predicted in model.staged_predict_proba(x))
    return (_error_rate(y, predicted) for predicted in model.staged_predict(x))


def _squared_error(y: Any, predicted: Any) -> float:
    return float(np.mean((np.asarray(y) - predicted) ** 2))


def _log_loss(model: Any, y: Any, predicted: Any) -> float:
    if not np.isfinite(predicted).all():  # scikit-learn would raise
        return float("nan")
    return float(log_loss(y, predicted, labels=model.classes_))


def _error_rate(y: Any, predicted: Any) -> float:
    return float(np.mean(np.asarray(y) != predicted))
