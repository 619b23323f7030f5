"""What comes before ``start_from_epoch`` counts for nothing."""

import math

import pytest

from convergence_callbacks import Monitor, Patience, TimeBudget
from convergence_callbacks.core.verdict import Verdict
from tests.curves import exponential


def warmed_up(epoch):
    """A loss that is low while one of its terms is off, then falls steadily from high above."""
    return 0.3 + 0.01 * epoch if epoch < 3 else 0.9 if epoch < 15 else 0.4 + 0.5 * 0.97 ** (epoch - 15)


def run(monitor, loss, epochs=60):
    """The decisions up to the stop."""
    decisions = []
    for epoch in range(epochs):
        decisions.append(monitor.update(train_loss=loss(epoch), val_loss=loss(epoch)))
        if decisions[-1].stop:
            break
    return decisions


@pytest.mark.parametrize("settings", [{"criteria": Patience(5)}, {"max_epochs": 60}])
def test_a_run_that_improves_since_then_goes_on_and_its_best_is_of_then(settings):
    last = run(Monitor(start_from_epoch=20, **settings), warmed_up)[-1]
    assert (last.step, last.best_step) == (59, 59)
    assert not last.stop or last.is_budget_end


def test_before_it_nothing_is_best_and_nothing_is_found():
    early = run(Monitor(start_from_epoch=20, criteria=Patience(1), min_epochs=0), lambda epoch: math.nan, epochs=20)
    assert len(early) == 20 and {(each.best_step, each.verdict) for each in early} == {(None, Verdict.IMPROVING)}


def test_the_budget_and_the_clock_end_a_run_before_it():
    assert run(Monitor(start_from_epoch=20, max_epochs=9), warmed_up)[-1].is_budget_end
    clock = iter(range(0, 10**6, 3600)).__next__
    assert run(Monitor(start_from_epoch=20, criteria=TimeBudget(hours=7), clock=clock), warmed_up)[-1].step < 20


def test_what_is_judged_is_judged_as_if_nothing_had_come_before():
    curve = exponential(40, 2, noise=0.001)
    late, plain = Monitor(start_from_epoch=20, min_epochs=0), Monitor(min_epochs=0)
    for epoch in range(20):
        late.update(train_loss=warmed_up(epoch), val_loss=warmed_up(epoch))
    for epoch, (train, val) in enumerate(zip(curve.train, curve.val, strict=True)):
        decision, expected = late.update(train_loss=train, val_loss=val), plain.update(train_loss=train, val_loss=val)
        assert (decision.stop, decision.verdict, decision.best_value) == (
            expected.stop,
            expected.verdict,
            expected.best_value,
        ), epoch
        assert decision.best_step == 20 + expected.best_step
