"""Loops of one's own, beyond what every door promises."""

import pytest

torch = pytest.importorskip("torch", reason="needs pip install 'convergence-callbacks[torch]'")

from convergence_callbacks import ConvergenceError, Patience, StateError
from convergence_callbacks.torch import ConvergenceStopping


def test_an_epoch_without_validation_is_not_judged_and_not_complained_of():
    stopping = ConvergenceStopping(criteria=Patience(2), min_epochs=0, verbose=False)
    for epoch in range(6):
        stopping.update(train_loss=0.5, val_loss=0.4 if epoch % 2 else None)
    assert [o.val_loss for o in stopping.observations] == [None, 0.4] * 3
    named = ConvergenceStopping(val_metric="val_acc", mode="max", verbose=False)
    named.update(val_acc=None)
    named.update(val_acc=0.5)
    assert named.decision.best_step == 1


def test_a_damaged_state_changes_nothing():
    stopping = ConvergenceStopping(verbose=False)
    stopping.update(train_loss=0.5, val_loss=0.4)
    before = stopping.state_dict()
    for damaged in ({}, {"version": 99}, {**before, "curve": "broken"}):
        with pytest.raises(StateError):
            stopping.load_state_dict(damaged)
    assert stopping.state_dict() == before


def test_best_weights_that_nobody_handed_over_are_told():
    stopping = ConvergenceStopping(restore_best=True, verbose=False)
    for loss in (0.4, 0.5):
        stopping.update(train_loss=loss, val_loss=loss)
    with pytest.warns(RuntimeWarning, match="weights of the best epoch 0 are gone"):
        stopping.restore(torch.nn.Linear(1, 1))
    strict = ConvergenceStopping(restore_best=True, strict=True, verbose=False)
    for loss in (0.4, 0.5):
        strict.update(train_loss=loss, val_loss=loss)
    with pytest.raises(ConvergenceError, match="are gone"):
        strict.restore(torch.nn.Linear(1, 1))
