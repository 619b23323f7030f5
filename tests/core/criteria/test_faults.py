"""What goes wrong: non_finite_loss, exploding_loss, unstable_loss, not_learning."""

import math

import numpy as np
import pytest

from convergence_callbacks import ExplodingLoss, Monitor, NonFiniteLoss, NotLearning, UnstableLoss, Verdict
from tests.curves import exponential, show, sleeper


def verdicts(monitor, train, val=None, lr=0.1):
    val = [None] * len(train) if val is None else val
    return [monitor.update(train_loss=t, val_loss=v, lr=lr).verdict for t, v in zip(train, val, strict=True)]


def stops(criterion, train, val):
    """Epochs at which a criterion by itself would end the run."""
    monitor = Monitor(criteria=criterion, stop_on=list(Verdict), min_epochs=0)
    decisions = [monitor.update(train_loss=t, val_loss=v, lr=0.1) for t, v in zip(train, val, strict=True)]
    return [decision.step for decision in decisions if decision.stop and decision.criterion == criterion.name]


def show_both(monitor, train, val):
    return [monitor.update(train_loss=t, val_loss=v, lr=0.1) for t, v in zip(train, val, strict=True)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e200])
def test_a_loss_that_stays_without_a_number_has_diverged(value):
    monitor = Monitor(criteria=NonFiniteLoss(3), min_epochs=0)
    decisions = [monitor.update(val_loss=v) for v in (1.0, value, value, value)]
    assert [d.stop for d in decisions] == [False, False, False, True]
    assert decisions[-1].verdict == "diverged" and decisions[-1].best_value == 1.0


def test_a_single_epoch_without_a_number_is_forgiven():
    monitor = Monitor(criteria=NonFiniteLoss(2), min_epochs=0)
    assert not any(monitor.update(val_loss=v).stop for v in (1.0, math.nan, 0.9, math.nan, 0.8))


def test_a_train_loss_that_breaks_has_diverged_though_validation_loss_is_a_number():
    monitor = Monitor(criteria=NonFiniteLoss(3), min_epochs=0, stop_on=["diverged"])
    decisions = [monitor.update(train_loss=t, val_loss=1.0) for t in (1.0, math.nan, math.nan, 1.0, *[math.nan] * 3)]
    assert [d.step for d in decisions if d.stop] == [6]


def test_a_train_loss_that_is_logged_wrongly_ends_no_run_whose_validation_loss_still_falls():
    monitor = Monitor(criteria=NonFiniteLoss(3), min_epochs=0, stop_on=["diverged"])
    assert not any(monitor.update(train_loss=1.0 if e < 3 else math.nan, val_loss=0.9**e).stop for e in range(20))
    assert [monitor.update(train_loss=math.nan, val_loss=1.0).stop for _ in range(3)] == [False, False, True]


def test_a_train_loss_that_never_was_a_number_is_not_computed_and_breaks_nothing():
    monitor = Monitor(criteria=NonFiniteLoss(1), min_epochs=0, stop_on=["diverged"])
    assert not any(monitor.update(train_loss=math.nan, val_loss=0.9**e).stop for e in range(6))


def test_a_missing_loss_is_no_infinite_one():
    monitor = Monitor(criteria=NonFiniteLoss(2), min_epochs=0)
    assert not any(monitor.update(val_loss=v).stop for v in (1.0, None, None, None, None))


def test_a_loss_that_explodes_has_diverged_after_three_epochs():
    monitor = Monitor(criteria=ExplodingLoss(times=3, epochs=3), min_epochs=0)
    val = [1.0, 0.8, 2.9, 3.1, 3.1, 2.9, 3.1, 3.1, 3.1]
    decisions = [monitor.update(train_loss=v, val_loss=v) for v in val]
    assert [d.step for d in decisions if d.stop] == [8]
    assert decisions[8].verdict == "diverged"


def test_a_validation_loss_that_explodes_while_train_loss_falls_has_diverged_and_says_so():
    monitor = Monitor(criteria=ExplodingLoss(3, 1), min_epochs=0, stop_on=[Verdict.DIVERGED])
    decisions = [monitor.update(train_loss=t, val_loss=v) for t, v in ((1.0, 1.0), (0.8, 0.8), (0.5, 4.0))]
    assert decisions[-1].stop and decisions[-1].reason.endswith("while train loss fell")


def test_one_that_was_never_better_than_it_began_is_memorising_and_no_explosion():
    monitor = Monitor(criteria=ExplodingLoss(3, 1), min_epochs=0, stop_on=[Verdict.DIVERGED])
    assert not any(monitor.update(train_loss=1.0 - 0.1 * e, val_loss=1.0 + e).stop for e in range(9))


@pytest.mark.parametrize(("train", "stop"), [(1.75, False), (1.85, True)])
def test_where_nothing_was_learnt_and_train_loss_has_not_risen_only_the_evaluation_is_broken(train, stop):
    """As with constant inputs under batch normalisation: training goes on at the trivial level."""
    monitor = Monitor(criteria=ExplodingLoss(3, 1), min_epochs=0, stop_on=[Verdict.DIVERGED])
    assert [monitor.update(train_loss=t, val_loss=v).stop for t, v in ((1.0, 1.0), (train, 9.0))][-1] == stop


@pytest.mark.parametrize(("after", "stop"), [(34.0, False), (36.0, True)])
def test_a_loss_that_has_come_most_of_the_way_back_no_longer_explodes(after, stop):
    monitor = Monitor(criteria=ExplodingLoss(3, 2), min_epochs=0, stop_on=[Verdict.DIVERGED])
    losses = ((1.0, 1.0), (1021.0, 1021.0), (1021.0, after))
    assert [monitor.update(train_loss=t, val_loss=v).stop for t, v in losses][-1] == stop


@pytest.mark.parametrize(
    ("train", "val", "stop"),
    [
        ([3.0, 2.9, 2.8], [2.7, 2.6, 2.5], False),
        ([3.2, 3.3, 3.4], [2.7, 2.6, 2.5], True),
        ([3.0, 2.9, 2.8], [2.9, 3.0, 3.1], True),
    ],
)
def test_a_loss_whose_train_loss_falls_with_it_is_on_its_way_back_and_has_not_exploded(train, val, stop):
    """As in a run whose first epochs only rise, and whose best is still to come."""
    train, val = [2.4, 2.5, 2.65, 2.8, 2.95, 3.1, *train], [2.0, 2.2, 2.4, 2.55, 2.7, 2.8, *val]
    monitor = Monitor(criteria=ExplodingLoss(), min_epochs=7)
    assert any(monitor.update(train_loss=t, val_loss=v).stop for t, v in zip(train, val, strict=True)) is stop


def test_a_train_loss_that_stays_excuses_no_explosion_once_something_was_learnt():
    monitor = Monitor(criteria=ExplodingLoss(3, 1), min_epochs=0, stop_on=[Verdict.DIVERGED])
    assert [monitor.update(train_loss=1.0, val_loss=v).stop for v in (1.0, 0.9, 9.0)] == [False, False, True]


def test_a_loss_below_zero_explodes_in_proportion_to_what_was_gained():
    for last, stop in ((30.0, False), (32.0, True)):
        monitor = Monitor(criteria=ExplodingLoss(3, 1), min_epochs=0, stop_on=[Verdict.DIVERGED])
        assert [monitor.update(val_loss=v).stop for v in (1.0, -9.0, last)] == [False, False, stop]


def test_the_advice_names_a_lower_rate():
    monitor = Monitor(criteria=ExplodingLoss(3, 1), min_epochs=0)
    decision = [monitor.update(val_loss=v, lr=0.5) for v in (1.0, 0.9, 9.0)][-1]
    assert "try 0.05" in " ".join(decision.advice)


def test_jumps_in_both_losses_are_unstable():
    losses = 1 + np.exp(-np.arange(35) / 5) + 0.5 * (-1.0) ** np.arange(35)
    assert stops(UnstableLoss(), losses, losses)


def test_a_loss_that_moves_without_ever_gaining_jumps_by_all_of_its_gain():
    losses = np.tile([1.0, 3.0, 1.0, 1.0, 1.0], 7)
    assert stops(UnstableLoss(0.9), losses, losses)
    assert not stops(UnstableLoss(), np.ones(35), np.ones(35))


def test_jumps_of_a_tiny_validation_set_alone_are_not():
    rng = np.random.default_rng(0)
    train = 1 + np.exp(-np.arange(40) / 8)
    val = train + rng.normal(0, 0.3, 40)
    reported = verdicts(Monitor(stop_on=[]), train, val)
    assert reported.count("unstable") <= 3 and "unstable" not in reported[20:]


def test_a_run_that_only_recovers_from_its_first_steps_is_unstable():
    rng = np.random.default_rng(0)
    losses = np.r_[50.0, 2.33 + rng.normal(0, 0.03, 40)]
    monitor = Monitor(stop_on=[])
    decision = [monitor.update(train_loss=v, val_loss=v, lr=1.0) for v in losses][-1]
    assert decision.verdict == "unstable" and "only came back from its first steps" in decision.reason
    assert "try 0.1" in " ".join(decision.advice)


def test_a_smooth_descent_is_never_unstable():
    for constant in (3, 10, 50):
        curve = exponential(80, constant, noise=0.01)
        assert "unstable" not in [d.verdict for d in show(Monitor(stop_on=[]), curve)]


def test_unstable_is_not_reported_before_ten_epochs_nor_while_the_rate_warms_up():
    losses = [1.0, 5.0] * 20
    assert stops(UnstableLoss(), losses, losses)[0] == 9
    monitor = Monitor(criteria=UnstableLoss(), stop_on=["unstable"])
    assert not any(monitor.update(train_loss=v, val_loss=v, lr=0.01 * (e + 1)).stop for e, v in enumerate(losses))


def test_a_loss_that_never_leaves_its_level_is_not_learning_after_its_horizon():
    rng = np.random.default_rng(0)
    losses = 2.3 + rng.normal(0, 0.01, 60)
    decisions = show_both(Monitor(criteria=NotLearning(40)), losses, losses)
    assert next(d.step for d in decisions if d.stop) == 39
    assert decisions[39].verdict == "not_learning" and "2.3" in decisions[39].reason


@pytest.mark.parametrize(("max_epochs", "stop"), [(200, 39), (60, 29), (20, 9), (12, 9)])
def test_half_a_short_budget_is_enough_but_never_less_than_ten_epochs(max_epochs, stop):
    losses = 2.3 + np.random.default_rng(0).normal(0, 0.01, 60)
    decisions = show_both(
        Monitor(criteria=NotLearning(40), max_epochs=max_epochs, stop_on=["not_learning"]), losses, losses
    )
    assert next(d.step for d in decisions if d.criterion == "not_learning" and d.stop) == stop


def test_a_loss_that_rises_smoothly_from_the_start_is_not_learning():
    monitor = Monitor(criteria=NotLearning())
    stops = [monitor.update(train_loss=loss, val_loss=loss).stop for loss in 1 + 0.0001 * np.arange(50)]
    assert stops.index(True) == 39


@pytest.mark.parametrize(("level", "stop"), [(1.05, 39), (0.93, 79)])
def test_a_run_memorises_only_where_validation_loss_is_above_its_start(level, stop):
    """Below it may be a hard start, which is given twice the epochs."""
    rng = np.random.default_rng(0)
    val = level + 0.03 * rng.standard_normal(100)
    val[0] = 1.0
    train = np.exp(-np.arange(100) / 20) + 0.02 * rng.standard_normal(100)
    assert stops(NotLearning(40), train, val)[0] == stop


def test_nothing_is_expected_to_be_learnt_while_the_rate_warms_up():
    monitor = Monitor(criteria=NotLearning())
    assert not any(monitor.update(train_loss=1.0, val_loss=1.0, lr=1e-5 * (e + 1)).stop for e in range(60))


def test_memorising_is_not_learning_within_the_same_horizon():
    rng = np.random.default_rng(0)
    t = np.arange(60)
    train, val = 2.3 * np.exp(-t / 60), 2.3 + 0.01 * t + rng.normal(0, 0.01, 60)
    decisions = show_both(Monitor(criteria=NotLearning(40)), train, val)
    assert next(d.step for d in decisions if d.stop) == 39


def test_a_train_loss_that_falls_while_validation_stays_is_given_twice_the_epochs():
    rng = np.random.default_rng(0)
    t = np.arange(120)
    train, val = 2.3 * np.exp(-t / 60) + rng.normal(0, 0.02, 120), 2.25 + rng.normal(0, 0.01, 120)
    decisions = show_both(Monitor(criteria=NotLearning(40)), train, val)
    assert next(d.step for d in decisions if d.stop) == 79


@pytest.mark.parametrize("wakes", [5, 20, 35])
def test_a_sleeper_is_not_given_up_before_it_wakes(wakes):
    decisions = show(Monitor(max_epochs=200), sleeper(100, wakes))
    assert not any(d.stop for d in decisions[: wakes + 1]), "named it may be, ended not"
    assert decisions[wakes + 20].verdict != "not_learning"


def test_a_baseline_shows_that_a_run_that_looks_like_learning_does_not():
    losses = 2.3 + 0.5 * np.exp(-np.arange(60) / 3) + np.random.default_rng(0).normal(0, 0.01, 60)
    assert show_both(Monitor(baseline_loss=2.3, stop_on=[]), losses, losses)[-1].verdict == "not_learning"
    assert not stops(NotLearning(), losses, losses)
