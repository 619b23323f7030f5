"""Loops of one's own, beyond what every integration promises."""

import json

import numpy as np
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


def shown(stopping, losses):
    return [stopping.update(train_loss=loss, val_loss=loss) for loss in losses]


def test_an_object_goes_back_to_the_state_that_it_loads():
    stopping = ConvergenceStopping(criteria=Patience(3), min_epochs=0, verbose=False)
    shown(stopping, [0.5, 0.4, 0.3])
    saved = stopping.state_dict()
    first = shown(stopping, [0.4, 0.4, 0.4])
    assert stopping.stopped_epoch == 5
    stopping.load_state_dict(saved)
    assert (stopping.decision.step, stopping.history, stopping.stopped_epoch) == (2, [], None)
    assert shown(stopping, [0.4, 0.4, 0.4]) == first and stopping.stopped_epoch == 5


def test_a_run_that_is_taken_up_after_its_stop_has_it_at_once():
    stopping, again = (ConvergenceStopping(criteria=Patience(3), min_epochs=0, verbose=False) for _ in range(2))
    shown(stopping, [0.3, 0.4, 0.4, 0.4])
    again.load_state_dict(stopping.state_dict())
    assert again.stopped_epoch == 3


def test_what_are_no_weights_is_refused_when_loaded():
    stopping = ConvergenceStopping(restore_best=True, verbose=False)
    stopping.update(torch.nn.Linear(1, 1), train_loss=0.5, val_loss=0.4)
    before = stopping.state_dict()
    with pytest.raises(StateError, match="best_weights must be what state_dict gave, got int"):
        stopping.load_state_dict({**before, "best_weights": 7})
    assert stopping.state_dict() == before


def test_an_epoch_that_was_judged_already_is_reported_once():
    stopping = ConvergenceStopping(criteria=Patience(2), min_epochs=0, verbose=False)
    shown(stopping, [0.3, 0.4, 0.4])
    with pytest.warns(
        RuntimeWarning, match=r"epoch 0 was judged already.*call begin\(\) or make a new object"
    ) as caught:
        for epoch in range(2):
            stopping.update(epoch=epoch, train_loss=0.5, val_loss=0.5)
    assert len(caught) == 1
    stopping.begin()
    assert not stopping.update(epoch=0, train_loss=0.5, val_loss=0.5).stop


def test_best_weights_that_nobody_handed_over_are_reported():
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


@pytest.mark.parametrize("autocast", [False, True])
def test_a_compiled_model_is_judged_and_given_its_best_weights(autocast):
    torch.manual_seed(0)
    plain = torch.nn.Linear(4, 1)
    model = torch.compile(plain, backend="eager")
    x = torch.randn(32, 4)
    stopping = ConvergenceStopping(criteria=Patience(3), min_epochs=0, restore_best=True, verbose=False)
    seen = []
    for loss in (1.0, 0.6, 0.4, 0.5, 0.5, 0.5):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            given = model(x).square().mean()
        given.backward()
        with torch.no_grad():
            plain.weight -= 0.1 * plain.weight.grad
        seen.append(plain.weight.clone())
        if stopping.update(model, train_loss=given, val_loss=torch.tensor(loss, dtype=torch.bfloat16)).stop:
            break
    assert stopping.stopped_epoch == 5
    assert stopping.restore(model) is model
    assert torch.equal(plain.weight, seen[2])


@pytest.mark.parametrize("epoch", [np.int64(3), np.float32(3), torch.tensor(3)], ids=lambda epoch: type(epoch).__name__)
def test_an_epoch_in_another_form_of_number_is_a_plain_one_in_the_state(epoch):
    stopping = ConvergenceStopping(verbose=False)
    assert type(stopping.update(epoch=epoch, val_loss=0.5).step) is int
    assert json.loads(json.dumps(stopping.state_dict()))["decision"]["step"] == 3


@pytest.mark.parametrize("epoch", ["3", object(), float("nan"), np.array([1, 2]), 10**400, 1j])
def test_an_epoch_that_is_no_number_is_the_one_after_the_last(epoch):
    stopping = ConvergenceStopping(verbose=False)
    assert [stopping.update(epoch=given, val_loss=0.5).step for given in (4, epoch, None)] == [4, 5, 6]


def test_a_loop_that_does_not_end_where_it_should_is_summed_up_once(capsys):
    stopping = ConvergenceStopping(criteria=Patience(3), min_epochs=0, max_epochs=20)
    shown(stopping, [0.5, 0.3, *[0.4] * 9])
    del stopping
    assert capsys.readouterr().out.count("Stopped at epoch 4 (5 of 20 epochs done): ") == 1
