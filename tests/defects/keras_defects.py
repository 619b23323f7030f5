"""Defects of Keras's `EarlyStopping`."""

import math
import warnings
from functools import partial

import keras
import numpy as np

from convergence_callbacks.keras import EarlyStopping
from tests.defects.defect import Defect, found_by
from tests.keras_training import SCRIPT, Scripted, X, Y, fit, model

DEFECTS: list[Defect] = []
defect = partial(found_by, DEFECTS)


@defect(
    "a NaN in the first epoch sticks as the best: the training ends after `patience` epochs however it improves",
    "what is not finite is never the best",
)
def a_first_nan_sticks_as_the_best(kind, folder):
    _, _, history = fit(
        kind(patience=3, mode="min"), scripted=Scripted([math.nan, *(1.0 - 0.05 * e for e in range(11))])
    )
    return len(history.epoch) == 4


@defect("a loss of minus infinity is the best for ever", "what is not finite is never the best")
def minus_infinity_is_the_best(kind, folder):
    script = [1.0, -math.inf, *(0.9 - 0.05 * epoch for epoch in range(10))]
    _, _, history = fit(kind(patience=3, mode="min"), scripted=Scripted(script))
    return len(history.epoch) == 5


@defect(
    "`start_from_epoch` beyond the end of the training: `restore_best_weights` restores nothing, and does not say so",
    "restores the best of the epochs there were",
)
def nothing_is_restored_before_the_first_epoch_to_judge(kind, folder):
    made, scripted, _ = fit(kind(mode="min", restore_best_weights=True, start_from_epoch=50))
    return not np.array_equal(made.get_weights()[0], scripted.weights[3][0])


@defect(
    "a killed training that `BackupAndRestore` resumes forgets the best and the epochs that it waited",
    "with `backup_dir`, it ends where the training would have that was never killed",
)
def a_killed_training_waits_anew(kind, folder):
    class Kill(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 4:
                raise KeyboardInterrupt

    def stopping():
        settings = {"backup_dir": str(folder / "stopping")} if issubclass(kind, EarlyStopping) else {}
        return kind(patience=3, mode="min", **settings)

    backup = keras.callbacks.BackupAndRestore(str(folder / "backup"))
    try:
        fit(stopping(), after=[backup, Kill()])
    except KeyboardInterrupt:
        _, _, history = fit(stopping(), after=[backup])
    return history.epoch[-1] != 6


@defect(
    "the loss of one of several outputs can't be watched: an error at the end of the first epoch asks for a mode",
    "a loss or an error is to fall, an accuracy to rise",
)
def the_loss_of_an_output_is_unknown(kind, folder):
    entry = keras.Input((4,))
    outputs = {"left": keras.layers.Dense(1, name="left")(entry), "right": keras.layers.Dense(1, name="right")(entry)}
    made = keras.Model(entry, outputs)
    made.compile("sgd", loss={"left": "mse", "right": "mse"})
    try:
        made.fit(X, {"left": Y, "right": Y}, epochs=1, verbose=0, callbacks=[kind("left_loss")])
    except ValueError:
        return True
    return False


@defect(
    "with `validation_freq=2`, every other epoch warns that the metric is not available", "such an epoch is not judged"
)
def an_epoch_without_validation_is_warned_of(kind, folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model().fit(X, Y, validation_data=(X, Y), validation_freq=2, epochs=4, verbose=0, callbacks=[kind(patience=9)])
    return any("not available" in str(warning.message) for warning in caught)


@defect("it can't be saved with the configuration of a training", "`keras.saving` writes and reads it")
def it_is_not_saved_with_its_settings(kind, folder):
    try:
        saved = keras.saving.serialize_keras_object(kind(patience=7))
        return keras.saving.deserialize_keras_object(saved).patience != 7
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return True


@defect("a negative patience is accepted, and ends the training at its first epoch without progress", "refused")
def a_negative_patience_is_accepted(kind, folder):
    try:
        return kind(patience=-3) is not None
    except ValueError:
        return False


@defect("a metric that is no number ends the training by an error", "counts as an epoch without improvement")
def a_value_that_is_no_number_kills(kind, folder):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit(kind(mode="min", patience=3), scripted=Scripted([1.0, "broken", *SCRIPT]), epochs=3)
    except Exception:
        return True
    return False
