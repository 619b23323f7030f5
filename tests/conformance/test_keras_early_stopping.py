"""Our `EarlyStopping` decides as Keras's does, for the same settings and the same metrics."""

import inspect
import json

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")

from convergence_callbacks.keras import EarlyStopping
from tests.conformance.scripts import KERAS, SCRIPTS
from tests.keras_training import fit

Stock = keras.callbacks.EarlyStopping
COMPARABLE = {name: script for name, script in SCRIPTS.items() if name != "breaks"}


def test_what_it_is_compared_with_is_kerass():
    assert Stock.__module__ == "keras.src.callbacks.early_stopping"


class NumberedWeights:
    """Stands for a model whose weights are the number of the epoch."""

    stop_training = False
    weights = -1

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def ended(kind, script, settings):
    """What a callback left behind after a training whose validation loss follows a script."""
    callback, model = kind(**{"monitor": "val_loss", **settings}), NumberedWeights()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(script):
        model.weights = epoch
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {"loss": value / 2, "val_loss": value})
        if model.stop_training:
            break
    callback.on_train_end()
    best = None if callback.best is None else float(callback.best)
    return epoch, callback.stopped_epoch, callback.wait, best, callback.best_epoch, model.weights


@pytest.mark.parametrize("settings", KERAS, ids=str)
@pytest.mark.parametrize("script", COMPARABLE.values(), ids=list(COMPARABLE))
def test_it_ends_every_training_where_kerass_does_with_the_same_weights(settings, script):
    assert ended(EarlyStopping, script, settings) == ended(Stock, script, settings)


def test_it_takes_every_argument_of_kerass_in_its_order():
    theirs, ours = (list(inspect.signature(kind.__init__).parameters.values()) for kind in (Stock, EarlyStopping))
    assert [(p.name, p.default) for p in ours[: len(theirs)]] == [(p.name, p.default) for p in theirs]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in ours[len(theirs) :])
    values = ["acc", 0.1, 7, 1, "max", 0.5, True, 2]
    stock, mine = vars(Stock(*values)), vars(EarlyStopping(*values))
    assert {name: mine[name] for name in stock} == stock
    assert isinstance(EarlyStopping(), Stock)


@pytest.mark.parametrize("settings", [{"patience": -1}, {"tolerance": 2.0}])
def test_wrong_arguments_are_reported_at_once(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        EarlyStopping(**settings)


def trained(callback):
    """A training of a linear model on noise."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.3), loss="mse", metrics=["mae"])
    data = {"x": x, "y": x[:, :1] * 0, "validation_data": (x[::-1], x[:, 1:2])}
    history = model.fit(**data, epochs=12, verbose=0, callbacks=[callback])
    return model, history


@pytest.mark.parametrize("settings", [{"patience": 1}, {"monitor": "val_mae", "restore_best_weights": True}], ids=str)
def test_so_it_does_in_a_real_training(settings):
    (stock, theirs), (ours, mine) = (trained(kind(**settings)) for kind in (Stock, EarlyStopping))
    assert theirs.epoch == mine.epoch
    for one, other in zip(stock.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_diagnosis_is_reported_at_every_epoch_and_at_the_stop(capsys):
    callback, received = EarlyStopping(patience=1, verbose=1), []
    callback.listeners.append(lambda observation, decision: received.append(decision.step))
    _, _, history = fit(callback)
    assert received == history.epoch == [decision.step for decision in callback.history]
    assert all(o.train_loss is not None and o.lr == pytest.approx(0.05) for o in callback.observations)
    assert (callback.decision.stop, callback.decision.criterion) == (True, "early_stopping")
    assert capsys.readouterr().out.count(f"Stopped at epoch {callback.stopped_epoch + 1} of 12: ") == 1


def test_with_a_tolerance_the_default_rule_ends_a_training_too():
    script = [0.1 + 0.5**epoch for epoch in range(60)]
    assert ended(Stock, script, {"patience": 50})[1] == 0
    assert 5 <= ended(EarlyStopping, script, {"patience": 50, "tolerance": 0.05})[1] < 30


def test_it_is_saved_with_a_trainings_configuration():
    callback = EarlyStopping("val_mae", 0.1, 7, mode="min", tolerance=0.02)
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(keras.saving.serialize_keras_object(callback))))
    assert isinstance(again, EarlyStopping) and again.get_config() == callback.get_config()
    assert (again.monitor, again.min_delta, again.patience, again.tolerance) == ("val_mae", 0.1, 7, 0.02)
