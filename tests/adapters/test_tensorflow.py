"""The TensorFlow integration, beyond what every integration promises."""

import pytest

tf = pytest.importorskip("tensorflow", reason="needs pip install 'convergence-callbacks[tensorflow]'")

from convergence_callbacks import Patience, StateError
from convergence_callbacks.tensorflow import ConvergenceStopping


def trained(epochs=2):
    stopping, model = ConvergenceStopping(criteria=Patience(9), restore_best=True, verbose=False), tf.Module()
    model.weight = tf.Variable([0.0, 0.0])
    for epoch in range(epochs):
        model.weight.assign_add([1.0, 1.0])
        stopping.update(model, train_loss=0.5 + epoch, val_loss=0.4 + epoch)
    return stopping, model


def test_the_best_weights_go_with_the_state():
    stopping, model = trained()
    resumed = ConvergenceStopping(criteria=Patience(9), restore_best=True)
    resumed.deserialize(stopping.serialize())
    assert resumed.decision == stopping.decision
    assert resumed.restore(model).weight.numpy().tolist() == [1.0, 1.0]


@pytest.mark.parametrize("damaged", [b"", b"nothing", b"PK\x03\x04cut"])
def test_a_damaged_state_changes_nothing(damaged):
    stopping, _ = trained()
    with pytest.raises(StateError, match="no state that can be read"):
        stopping.deserialize(damaged)
    assert stopping.decision.step == 1
