"""What misleads people and simple rules does not mislead the default rule.

Sound runs that look broken are never called broken nor ended early; broken ones that look sound are reported.
"""

import numpy as np
import pytest

from convergence_callbacks import Monitor, Verdict
from tests.curves import (
    LearningCurve,
    augmented,
    double_descent,
    exponential,
    few_examples,
    label_noise,
    lagging,
    overfitting,
    power_law,
    show,
    step_drop,
    stop_epoch,
    two_tasks,
    warm_up,
)

pytestmark = pytest.mark.no_cover  # which makes it twice as slow

BROKEN = {Verdict.UNSTABLE, Verdict.NOT_LEARNING, Verdict.DIVERGED}
SEEDS = range(2)


def judge(curve, *, expecting=None, **settings):
    """The decisions at each epoch of a curve, its budget and rates known."""
    rates = {} if curve.lr is None else {"lr_schedule": curve.lr.tolist()}
    return show(Monitor(max_epochs=len(curve.val), **rates, **settings), curve)


def lost_by_stopping(curve, decisions):
    """What the stop lost of the whole gain."""
    stop = stop_epoch(decisions)
    gain = curve.val[0] - curve.val.min()
    return (curve.val[: stop + 1].min() - curve.val.min()) / gain


def assert_sound(curve, decisions, *, loses=0.05, after=0):
    """Never called broken, from an epoch on, nor ended before most was gained."""
    called = [decision.verdict.value for decision in decisions[after:]]
    assert not BROKEN & set(called), f"{curve}: {called}"
    assert lost_by_stopping(curve, decisions) <= loses, f"{curve}: stopped at {stop_epoch(decisions)}"


@pytest.mark.parametrize("seed", SEEDS)
def test_dropout_and_augmentation_put_train_loss_above_validation_loss(seed):
    curve = augmented(100, seed=seed)
    decisions = judge(curve)
    assert (curve.train > curve.val)[10:].all()
    assert_sound(curve, decisions)
    assert decisions[stop_epoch(decisions)].verdict == "converged"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_train_loss_that_is_the_mean_over_the_epoch_lags_behind(seed):
    curve = lagging(80, seed=seed)
    decisions = judge(curve)
    assert curve.train[0] > 1.2 * curve.val[0]
    assert_sound(curve, decisions)
    assert decisions[stop_epoch(decisions)].verdict == "converged"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_noise_of_fifty_validation_examples_is_not_the_training_s(seed):
    curve = few_examples(120, seed=seed)
    decisions = judge(curve)
    # The best of noisy epochs is a lucky one: what counts is where the loss is without noise.
    clean = exponential(120, 12)
    assert not BROKEN & {decision.verdict for decision in decisions}, str(curve)
    assert clean.val[stop_epoch(decisions)] - clean.val.min() < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_more_can_be_better(seed):
    losses = exponential(100, 8, noise=0.004, seed=seed)
    accuracy = LearningCurve("accuracy", 1 - 0.8 * losses.val, 1 - 0.8 * losses.train)
    decisions = judge(accuracy, mode="max")
    stop = decisions[stop_epoch(decisions)]
    assert stop.verdict == "converged" and stop.best_value > 0.9
    assert not BROKEN & {decision.verdict for decision in decisions}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_of_the_rate_makes_a_jump(seed):
    curve = step_drop(80, 30, seed=seed)
    decisions = judge(curve)
    assert stop_epoch(decisions) > 30
    assert_sound(curve, decisions)


@pytest.mark.parametrize("seed", SEEDS)
def test_warm_up_is_called_nothing_but_improving_and_not_ended(seed):
    curve = warm_up(120, 20, seed=seed)
    decisions = judge(curve)
    assert_sound(curve, decisions)
    assert {decision.verdict for decision in decisions[:40]} == {"improving"}
    assert not any(decision.stop for decision in decisions[:40])


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_labels_make_validation_loss_rise_while_accuracy_rises_and_both_are_reported(seed):
    curve, accuracy = label_noise(80, 15, seed=seed)
    monitor = Monitor(max_epochs=80)
    decisions = [
        monitor.update(train_loss=train, val_loss=val, val_acc=score)
        for train, val, score in zip(curve.train, curve.val, accuracy, strict=True)
    ]
    overfitting = [decision for decision in decisions if decision.verdict == "overfitting"]
    assert overfitting and "val_acc rose from" in overfitting[-1].reason
    assert overfitting[-1].evidence["val_acc_rise"] > 0.02
    assert any("val_acc" in advice for advice in overfitting[-1].advice)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_descent_is_not_called_broken_and_no_verdict_but_overfitting_ends_it_before(seed):
    curve = double_descent(150, seed=seed)
    decisions = judge(curve)
    assert not BROKEN & {decision.verdict for decision in decisions}, str(curve)
    assert decisions[-1].verdict in {"improving", "converged"}, str(curve)
    before = [decision for decision in decisions[:90] if decision.stop]
    assert all(decision.verdict in {"overfitting", "converged"} for decision in before)


@pytest.mark.parametrize("factor", [1e-12, 1e6])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_unit_of_the_loss_says_nothing(factor, seed):
    curve = exponential(80, 8, noise=0.003, seed=seed)
    here, there = judge(curve), judge(curve.scaled(factor))
    assert [d.verdict for d in here] == [d.verdict for d in there]
    assert stop_epoch(here) == stop_epoch(there)


@pytest.mark.parametrize("lower_by", [1.05, 10.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_loss_may_be_negative(lower_by, seed):
    curve = exponential(80, 8, noise=0.003, seed=seed)
    decisions = judge(curve.raised(-lower_by))
    assert_sound(curve, decisions)
    assert decisions[stop_epoch(decisions)].verdict == "converged", str(curve)


@pytest.mark.parametrize("floor", [0.5, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_loss_may_have_a_floor_above_zero(floor, seed):
    curve = exponential(80, 8, floor=floor, noise=0.003, seed=seed)
    decisions = judge(curve)
    assert_sound(curve, decisions)
    assert decisions[stop_epoch(decisions)].verdict == "converged", str(curve)


@pytest.mark.parametrize("floor", [3.0, 5.0, 8.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_under_a_high_floor_a_run_that_learns_is_never_called_one_that_does_not(floor, seed):
    """The cause of its end may be wrong with low confidence, but the run is never called broken."""
    curve = exponential(80, 8, floor=floor, noise=0.003, seed=seed)
    decisions = judge(curve)
    assert stop_epoch(decisions) is not None
    assert all(decision.verdict != "not_learning" for decision in decisions[10:]), str(curve)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sum_of_two_losses_goes_on_while_one_of_them_falls(seed):
    curve = two_tasks(150, seed=seed)
    assert_sound(curve, judge(curve))


@pytest.mark.parametrize("curve", [exponential(60, 4, noise=0.01), power_law(100, 0.5, noise=0.003)], ids=str)
def test_a_sound_run_is_never_called_broken(curve):
    assert_sound(curve, judge(curve), loses=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_overfitting_without_a_score_is_reported_as_it_was(seed):
    decisions = judge(overfitting(80, 15, noise=0.003, seed=seed))
    overfits = [decision for decision in decisions if decision.verdict == "overfitting"]
    assert overfits and not any("rose from" in decision.reason for decision in overfits)


def test_what_is_no_score_is_not_reported():
    curve, _ = label_noise(80, 15)
    monitor = Monitor(max_epochs=80)
    decisions = [
        monitor.update(train_loss=t, val_loss=v, val_mse=v, train_acc=np.nan, val_f1=np.nan)
        for t, v in zip(curve.train, curve.val, strict=True)
    ]
    assert not any(name in decision.reason for decision in decisions for name in ("val_mse", "train_acc", "val_f1"))
