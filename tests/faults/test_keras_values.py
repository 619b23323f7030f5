"""What stands in the logs of Keras in the place of a number; run once for each backend."""

import math

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")
pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[torch]'")

from convergence_callbacks import ConvergenceError, Patience
from convergence_callbacks.keras import ConvergenceStopping, EarlyStopping
from tests.faults.values import NONE, PLACES, SAME, SCRIPT, in_places
from tests.keras_training import Scripted, fit


def on_the_backend(kind, shape=()):
    return lambda value: keras.ops.cast(np.full(shape, value, "float32"), kind)


FORMS = {
    **SAME,
    "half of the backend": on_the_backend("float16"),
    "bfloat16 of the backend": on_the_backend("bfloat16"),
    "one element on the backend": on_the_backend("float32", (1,)),
    "one element in bfloat16 on the backend": on_the_backend("bfloat16", (1, 1)),
}


def made(kind):
    if kind is EarlyStopping:
        return EarlyStopping(patience=3)
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, verbose=False)


def assert_as_a_clean_run(callback):
    last = callback.decision
    assert (callback.stopped_epoch, last.step, last.best_step, last.best_value) == (6, 6, 3, 0.25)


each_kind = pytest.mark.parametrize("kind", [ConvergenceStopping, EarlyStopping])


@each_kind
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_number_in_another_form_changes_no_decision(kind, form):
    callback = made(kind)
    fit(callback, scripted=Scripted([form(loss) for loss in SCRIPT]), epochs=8)
    assert [seen.val_loss for seen in callback.observations] == list(SCRIPT[:7])
    assert_as_a_clean_run(callback)


@pytest.mark.parametrize("value", NONE.values(), ids=NONE)
def test_what_is_no_number_is_reported_once_and_changes_no_decision_after_it(value):
    callback = made(ConvergenceStopping)
    with pytest.warns(RuntimeWarning, match="val_loss is .* at epoch 2; the training goes on") as caught:
        fit(callback, scripted=Scripted(in_places(value)), epochs=8)
    assert sum("val_loss is" in str(warning.message) for warning in caught) == 1
    assert_as_a_clean_run(callback)


@pytest.mark.parametrize("value", NONE.values(), ids=NONE)
def test_keras_s_rule_takes_what_is_no_number_as_nan(value):
    callback = made(EarlyStopping)
    fit(callback, scripted=Scripted(in_places(value)), epochs=8)
    assert_as_a_clean_run(callback)


def test_what_is_no_number_ends_a_strict_training():
    with pytest.raises(ConvergenceError, match="val_loss is nan at epoch 2"):
        fit(ConvergenceStopping(strict=True), scripted=Scripted(in_places(lambda: math.nan)), epochs=8)


class Forgetful(Scripted):
    """Logs something else of its own in some epochs."""

    def on_epoch_end(self, epoch, logs=None):
        logs[f"val_acc_{epoch}" if epoch in PLACES else "val_loss"] = SCRIPT[epoch]


def test_a_metric_that_is_missing_in_some_epochs_is_reported_once_and_not_judged_there():
    callback = made(ConvergenceStopping)
    with pytest.warns(RuntimeWarning, match="unknown metric 'val_loss'") as caught:
        fit(callback, scripted=Forgetful(), epochs=8)
    assert sum("unknown metric" in str(warning.message) for warning in caught) == 1
    assert_as_a_clean_run(callback)


def test_an_epoch_without_the_metric_is_reported_as_keras_does_and_not_judged():
    callback = made(EarlyStopping)
    with pytest.warns(UserWarning, match="conditioned on metric `val_loss` which is not available"):
        fit(callback, scripted=Forgetful(), epochs=8)
    assert callback.decision.best_step == 3
