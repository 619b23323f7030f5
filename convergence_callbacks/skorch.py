"""The integration with skorch.

In a training:

    from convergence_callbacks.skorch import ConvergenceStopping
    net = NeuralNetClassifier(module, max_epochs=200, callbacks=[ConvergenceStopping()])
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    from skorch.callbacks import Callback
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("skorch", "skorch")) from error

from convergence_callbacks.adapter.stages.best_weights import BestWeights
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.adapter.torch_weights import TorchModel
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.metrics.find import find_validation_loss
from convergence_callbacks.metrics.trivial import Baseline, of_outputs


class ConvergenceStopping(Stopping, Callback):  # type: ignore[misc]
    """Ends a skorch training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. The losses are ``train_loss`` and ``valid_loss`` unless named. What was
    trained before, by ``partial_fit`` or in a history that was loaded, is read from the net's history: a run that
    goes on is decided as if it had never stopped. It ends a training as skorch's own early stopping does, after
    all callbacks that come before it.
    """

    integration = "skorch"
    supports = frozenset({"restore_best", "log_decisions", "find_baseline"})
    states_direction = True
    counter = Counter("epoch", first=1)
    trained = TorchModel

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Begin this run with what the net's history holds."""
        before = self.run.stage(BestWeights)
        self.begin(len(net.history) + net.max_epochs, rises=functools.partial(self._rises, net))
        self._fill_in(net)
        for epoch, row in enumerate(net.history):
            self.decide(self._collected(net, epoch, row))
        best = self.run.stage(BestWeights)
        if len(net.history) and best is not None and before is not None:
            best.take_over(before)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Judge the epoch.

        Raises:
            KeyboardInterrupt: The training ends here; skorch catches it.
        """
        self._fill_in(net)  # the net knows its classes once it has seen data
        observation = self._collected(net, len(net.history) - 1, net.history[-1])
        decision = self.decide(observation, TorchModel(net.module_))
        if self.settings.log_decisions:
            net.history.record("convergence", self.numbers(decision))
        self.announce(decision)
        if self.must_end(decision):
            raise KeyboardInterrupt

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Give back the best weights, if asked."""
        self.run.end()
        self.give_back_best(TorchModel(net.module_))
        self.conclude()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings, as scikit-learn asks for them."""
        return dict(vars(self.settings))

    def set_params(self, **params: Any) -> ConvergenceStopping:
        """Change settings, as searches of scikit-learn do; they hold from the next training on.

        Raises:
            SettingsError: A setting has a wrong name, type or value.
        """
        self.settings = type(self)(**{**self.get_params(), **params}).settings
        return self

    def __sklearn_clone__(self) -> ConvergenceStopping:
        """A fresh callback with the same settings and listeners, for cross-validation and searches."""
        clone = type(self)(**self.get_params())
        clone.listeners = list(self.listeners)
        return clone

    def _fill_in(self, net: Any) -> None:
        if self.judges_the_loss:
            self.run.fill_in(_baseline(net))

    def _rises(self, net: Any, name: str) -> bool | None:
        """True where a scoring callback says that more is better; its other answer is only its default."""
        scores = [name for name, callback in net.callbacks_ if getattr(callback, "lower_is_better", None) is False]
        return True if name in scores else None

    def _collected(self, net: Any, epoch: int, row: Mapping[str, Any]) -> Observation:
        named = self.settings.val_metric
        validated = named is not None or find_validation_loss(row) is not None
        rate = row.get("event_lr", net.optimizer_.param_groups[0]["lr"])  # skorch's schedulers write there what it was
        return self.collect(epoch, row, lr=rate, validated=validated)


def _baseline(net: Any) -> Baseline | None:
    """The loss of guessing among the classes; None unless the criterion is a plain cross-entropy."""
    criterion, classes = net.criterion_, getattr(net, "classes_", None)
    is_own = not type(net).get_loss.__module__.startswith("skorch.")
    weights = [getattr(criterion, name, None) for name in ("weight", "pos_weight")]
    if classes is None or is_own or any(weight is not None for weight in weights):
        return None
    if getattr(criterion, "reduction", "") != "mean" or getattr(criterion, "label_smoothing", 0):
        return None
    return of_outputs(type(criterion).__name__, len(classes))
