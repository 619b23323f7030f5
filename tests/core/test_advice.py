"""What is advised with each verdict, in the run's own numbers."""

import numpy as np
import pytest

from convergence_callbacks import Monitor, Verdict
from convergence_callbacks.core.criteria.not_learning import NotLearning
from convergence_callbacks.core.criteria.overfitting import Overfitting
from convergence_callbacks.core.criteria.unstable_loss import UnstableLoss


def advice(criterion, train, val, verdict):
    monitor = Monitor(criteria=criterion, stop_on=[verdict], min_epochs=0)
    decisions = [monitor.update(train_loss=t, val_loss=v, lr=0.1) for t, v in zip(train, val, strict=True)]
    return next(decision for decision in decisions if decision.stop).advice


def test_overfitting_names_the_best_epoch_and_what_came_after_it():
    t = np.arange(60)
    val = 1 + np.where(t < 10, 1 - t / 10, (t - 10) / 20)
    words = advice(Overfitting(), 2.0 - 0.03 * t, val, "overfitting")
    assert words[0] == (
        "use the weights of epoch 10: after it validation loss rose by 45% of the total gain "
        "while train loss fell by 45% of its own"
    )


def test_a_loss_that_jumps_gets_a_lower_rate_and_what_else_calms_it():
    losses = 1 + np.exp(-np.arange(35)) + 0.25 * (-1.0) ** np.arange(35)
    words = advice(UnstableLoss(), losses, losses, "unstable")
    assert words[0] == "the learning rate looks about 10 times too high: try 0.01"
    assert words[1] == "a larger batch or clipped gradients calm it too"


@pytest.mark.parametrize(
    ("train", "what"),
    [
        (2.0 * 0.95 ** np.arange(60), "train loss alone fell, from 2 to 0.2706"),
        (np.full(60, 2.0), "train loss did not fall either"),
    ],
)
def test_the_advice_to_a_run_that_learns_nothing_depends_on_whether_train_loss_fell(train, what):
    words = advice(NotLearning(), train, np.r_[2.0, np.full(59, 2.1)], "not_learning")
    assert what in words[0] and words[1].endswith("should fall far below 2")


def test_a_loss_that_is_always_far_above_guessing_has_a_rate_that_is_too_high():
    monitor = Monitor(criteria=NotLearning(), stop_on=["not_learning"], max_epochs=30, baseline_loss=2.303)
    for epoch in range(30):
        decision = monitor.update(train_loss=14.4 + 0.002 * epoch, val_loss=14.44 + 0.001 * epoch, lr=20.0)
        if decision.stop:
            break
    assert decision.verdict is Verdict.NOT_LEARNING
    assert decision.reason.startswith("the loss was never as good as guessing, 2.303: 14.44 at best, in ")
    assert decision.advice[0] == "the learning rate looks about 10 times too high: try 2"


def test_a_loss_that_was_hardly_above_guessing_blames_no_rate():
    monitor = Monitor(max_epochs=100, baseline_loss=2.303)
    for epoch in range(60):
        decision = monitor.update(train_loss=2.3 - 0.005 * epoch, val_loss=2.323 + 0.002 * epoch, lr=0.001)
        if decision.stop:
            break
    assert decision.verdict is Verdict.NOT_LEARNING
    assert "never as good as guessing, 2.303: 2.323 at best" in decision.reason
    assert not any("learning rate" in each for each in decision.advice)


def test_losses_that_were_never_a_number_get_advice_without_a_made_up_rate():
    monitor = Monitor(max_epochs=20)
    for _ in range(6):
        decision = monitor.update(train_loss=float("nan"), val_loss=float("nan"), lr=0.001)
    assert decision.verdict is Verdict.DIVERGED
    assert "inputs and targets" in decision.advice[0] and "10 times lower" in decision.advice[1]
    assert not any("try " in each for each in decision.advice)


@pytest.mark.parametrize(("budget", "what"), [(20, "train on, for more than 20 epochs"), (None, "train on")])
def test_a_run_that_improves_goes_on_beyond_its_budget(budget, what):
    monitor = Monitor(max_epochs=budget)
    for epoch in range(20):
        decision = monitor.update(train_loss=10 * 0.8**epoch, val_loss=10 * 0.8**epoch, lr=0.1)
    assert decision.verdict is Verdict.IMPROVING and decision.advice == (what,)


def test_advice_to_a_run_of_hostile_numbers_is_still_words():
    for values in ([0.0] * 50, [-1.0, -5.0] * 25, [1e90, 1e-90] * 25):
        monitor = Monitor(stop_on=[])
        advised = [monitor.update(train_loss=v, val_loss=v, lr=0.1).advice for v in values]
        assert all("nan" not in line and "inf" not in line for lines in advised for line in lines)
