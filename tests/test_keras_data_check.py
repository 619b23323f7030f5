"""The data check under Keras, on whichever backend is set: what can be seen of data and layers."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the extra keras")

from convergence_callbacks.keras import ConvergenceStopping

RNG = np.random.default_rng(0)
X = RNG.normal(size=(256, 4)).astype("float32")
Y = (X[:, :1] - X[:, 1:2] ** 2).astype("float32")


def model(spoil=lambda made: None):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, "relu", name="first"), keras.layers.Dense(1, name="last")]
    made = keras.Sequential([keras.Input((4,)), *layers])
    spoil(made)
    made.compile(keras.optimizers.Adam(0.01), loss="mse")
    return made


def fit(x=X, y=Y, made=None, epochs=2, check_data=True, **settings):
    stopping = ConvergenceStopping(check_data=check_data, verbose=False, **settings)
    made = model() if made is None else made
    of_arrays = {"y": y, "validation_data": (X, Y) if isinstance(x, np.ndarray) else (x, y)} if y is not None else {}
    made.fit(x, epochs=epochs, verbose=0, callbacks=[stopping], **of_arrays)
    return stopping, made


def names(*given, **named):
    return [fault.name for fault in fit(*given, **named)[0].faults]


def test_a_sound_run_is_not_accused_and_goes_on_as_without():
    checked, made = fit()
    _, plain = fit(check_data=False)
    assert checked.faults == () and checked.state_dict()["data_check"] == []
    for ours, theirs in zip(made.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_shuffled_labels_are_named_once_the_run_does_not_learn():
    stopping, _ = fit(X, RNG.permutation(Y), epochs=30, stop_on=[])
    assert [fault.name for fault in stopping.faults] == ["independent_labels"]
    failing = [d for d in stopping.history if d.verdict not in ("improving", "converged")]
    assert failing and all("independent_labels" in d.evidence and "paired" in d.advice[0] for d in failing)


def test_what_is_certain_is_reported_at_once():
    with pytest.warns(RuntimeWarning, match="single_class: all 256 targets looked at are 1"):
        assert names(X, np.ones_like(Y)) == ["single_class"]


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda made: made.layers[0].set_weights([np.zeros((4, 16)), np.full(16, -1e3)]), "dead_layers"),
        (lambda made: setattr(made.layers[0], "trainable", False), "frozen_layers"),
    ],
)
def test_layers_that_do_not_move_are_named(spoil, name):
    (fault,) = fit(made=model(spoil))[0].faults
    assert fault.name == name and fault.reason.endswith(": first")


@pytest.mark.filterwarnings("ignore:.*_loss is nan:RuntimeWarning")
def test_weights_that_become_nan_are_named():
    broken = np.array(X)
    broken[7, 2] = np.nan
    assert names(broken, Y, epochs=1) == ["non_finite_inputs", "non_finite_gradients"]


class Batches(keras.utils.PyDataset):
    """The data in batches, which count how often they are read."""

    read = 0

    def __len__(self):
        return 8

    def __getitem__(self, place):
        self.read += 1
        chosen = slice(32 * place, 32 * place + 32)
        return X[chosen], np.zeros_like(Y)[chosen]


def test_a_data_set_is_read_once_more_only_where_the_run_is_not_sound(monkeypatch):
    sound, batches = ConvergenceStopping(check_data=True, verbose=False), Batches()
    model().fit(batches, epochs=2, verbose=0, callbacks=[sound])
    assert sound.faults == () and "data_check" not in sound.state_dict()
    monkeypatch.setattr("convergence_callbacks.keras.data_check.SOUND", ())
    with pytest.warns(RuntimeWarning, match="single_class: all 256 targets looked at are 0"):
        assert "single_class" in names(Batches(), None)


def test_a_generator_is_left_alone():
    def endless():
        while True:
            yield X[:32], Y[:32]

    stopping = ConvergenceStopping(check_data=True, verbose=False, stop_on=[])
    model().fit(endless(), steps_per_epoch=2, epochs=2, verbose=0, callbacks=[stopping])
    assert stopping.faults == () and len(stopping.history) == 2


@pytest.mark.filterwarnings("ignore:.*_loss is nan:RuntimeWarning")
def test_several_inputs_are_looked_at_side_by_side():
    left, right = keras.Input((2,)), keras.Input((2,))
    outputs = keras.layers.Dense(1)(keras.layers.Concatenate()([left, right]))
    made = keras.Model([left, right], outputs)
    made.compile("sgd", loss="mse")
    assert names([X[:, :2], 1e6 * X[:, 2:]], Y, made=made, epochs=1)[:1] == ["unscaled_inputs"]
