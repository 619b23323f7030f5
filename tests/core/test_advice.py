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
    said = advice(Overfitting(), 2.0 - 0.03 * t, val, "overfitting")
    assert said[0] == "use the weights of epoch 10: after it validation loss rose by 45% while train loss fell by 16%"


def test_an_oscillation_is_told_in_per_cent():
    losses = 1 + np.exp(-np.arange(35)) + 0.25 * (-1.0) ** np.arange(35)
    said = advice(UnstableLoss(), losses, losses, "unstable")
    assert said[0] == "the learning rate looks about 10 times too high: try 0.01"
    assert said[1].startswith("the loss oscillates by ±25%")


@pytest.mark.parametrize(
    ("train", "what"),
    [
        (2.0 * 0.95 ** np.arange(60), "train loss alone fell, by 86%"),
        (np.full(60, 2.0), "train loss did not fall either"),
    ],
)
def test_a_run_that_learns_nothing_is_told_whether_train_loss_fell(train, what):
    said = advice(NotLearning(), train, np.r_[2.0, np.full(59, 2.1)], "not_learning")
    assert what in said[0] and said[1].endswith("should fall far below 2")


@pytest.mark.parametrize(("budget", "what"), [(20, "train on, for more than 20 epochs"), (None, "train on")])
def test_a_run_that_improves_goes_on_beyond_its_budget(budget, what):
    monitor = Monitor(max_epochs=budget)
    for epoch in range(20):
        decision = monitor.update(train_loss=10 * 0.8**epoch, val_loss=10 * 0.8**epoch, lr=0.1)
    assert decision.verdict is Verdict.IMPROVING and decision.advice == (what,)


def test_advice_to_a_run_of_hostile_numbers_is_still_words():
    for values in ([0.0] * 50, [-1.0, -5.0] * 25, [1e90, 1e-90] * 25):
        monitor = Monitor(stop_on=[])
        said = [monitor.update(train_loss=v, val_loss=v, lr=0.1).advice for v in values]
        assert all("nan" not in line and "inf" not in line for lines in said for line in lines)
