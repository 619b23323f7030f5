"""A Keras training that something else ends: errors, users, other callbacks, losses that are none."""

import math

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")

from convergence_callbacks import Patience
from convergence_callbacks.keras import ConvergenceStopping, EarlyStopping
from tests.keras_training import SCRIPT, Scripted, fit

EARLY = [1.0, 0.5, 0.6, 0.55, *SCRIPT[4:]]
"""Its best epoch is 1."""


def stopping(**settings):
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, **settings)


def early_stopping(restore_best=False, **settings):
    return EarlyStopping(patience=3, verbose=1, restore_best_weights=restore_best, **settings)


each_kind = pytest.mark.parametrize("made", [stopping, early_stopping], ids=["ConvergenceStopping", "EarlyStopping"])


class At(keras.callbacks.Callback):
    """Does something in an epoch, after its second batch."""

    def __init__(self, epoch, act):
        super().__init__()
        self.epoch, self.act, self.now = epoch, act, -1

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, 1):
            self.act(self.model)


def raises(error):
    def act(model):
        raise error

    return act


def stops(model):
    model.stop_training = True


def breaks(model):
    model.set_weights([np.full(value.shape, math.nan, "float32") for value in model.get_weights()])


def assert_no_stop_is_claimed(callback, epochs, capsys):
    """The callback has judged so many epochs, and says of none that it ended the training."""
    assert [decision.step for decision in callback.history] == list(range(epochs))
    assert not callback.decision.stop and not callback.stopped_epoch
    assert "stop" not in capsys.readouterr().out.replace("stopping", "")


@each_kind
@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyboardInterrupt()], ids=["an error", "its user"])
def test_a_training_that_an_error_or_its_user_ended_goes_on_where_it_was(made, error, tmp_path, capsys):
    def train(*others):
        callback = made(restore_best=True, backup_dir=str(tmp_path / "stopping"))
        return callback, fit(callback, after=[keras.callbacks.BackupAndRestore(str(tmp_path / "backup")), *others])

    whole = made(restore_best=True)
    reference, *_ = fit(whole)
    capsys.readouterr()
    with pytest.raises(type(error)):
        train(At(4, raises(error)))
    assert "stop" not in capsys.readouterr().out
    resumed, (model, *_) = train()
    assert resumed.stopped_epoch == whole.stopped_epoch == 6
    assert resumed.decision.to_dict() == whole.decision.to_dict()
    np.testing.assert_allclose(model.get_weights()[0], reference.get_weights()[0], rtol=1e-6)


@each_kind
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_stop_that_another_callback_asked_for_is_respected_and_not_claimed(made, order, capsys):
    callback = made(restore_best=True)
    model, scripted, history = fit(callback, scripted=Scripted(EARLY), **{order: [At(3, stops)]})
    assert len(history.epoch) == 4
    assert_no_stop_is_claimed(callback, 4, capsys)
    np.testing.assert_array_equal(model.get_weights()[0], scripted.weights[1][0])


@each_kind
@pytest.mark.filterwarnings("ignore:train_loss is nan:RuntimeWarning", "ignore:loss is nan:RuntimeWarning")
def test_a_loss_that_is_none_ended_by_keras_is_its_stop_and_leaves_the_best_weights(made, capsys):
    callback = made(restore_best=True)
    others = [At(3, breaks), keras.callbacks.TerminateOnNaN()]
    model, scripted, history = fit(callback, scripted=Scripted(EARLY), before=others)
    assert len(history.epoch) == 4 and np.isnan(scripted.weights[3][0]).all()
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    assert_no_stop_is_claimed(callback, 4, capsys)
    np.testing.assert_array_equal(model.get_weights()[0], scripted.weights[1][0])


def test_the_default_rule_calls_it_diverged():
    callback = ConvergenceStopping(verbose=False)
    with pytest.warns(RuntimeWarning, match="loss is nan at epoch"):
        fit(callback, scripted=Scripted(EARLY), before=[At(3, breaks)])
    assert (str(callback.decision.verdict), callback.stopped_epoch) == ("diverged", callback.decision.step)
