"""Each signal on a curve that is short enough to work it out by hand."""

import math

import numpy as np
import pytest

from convergence_callbacks import Observation, Reading
from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.series import noise_of, roughness_of


def read(losses, train=(), lr=(), **more):
    curve = Curve()
    for step, loss in enumerate(losses):
        curve.add(step, loss, train[step] if len(train) else math.nan, lr[step] if len(lr) else math.nan)
    last = len(losses) - 1
    seen = Observation(step=last, val_loss=losses[-1], train_loss=train[-1] if len(train) else None)
    return Reading(observation=seen, curve=curve, **more)


def test_the_wait_is_counted_from_the_best():
    assert read([3.0, 1.0, 2.0, 2.0]).wait == 2
    assert read([3.0, 2.0, 1.0]).wait == 0


def test_the_best_before_a_window_leaves_out_the_epochs_of_the_window():
    curve = read([4.0, 3.0, 2.0, 1.0])
    assert [curve.best_before(window) for window in (1, 2, 3, 4)] == [2.0, 3.0, 4.0, None]


def test_the_level_is_the_median_of_the_latest_epochs_only():
    curve = read([100.0, 1.0, 5.0, 3.0])
    assert (curve.level(1), curve.level(2), curve.level(3)) == (3.0, 4.0, 3.0)


@pytest.mark.parametrize(("baseline", "gain"), [(None, 2.0), (5.0, 4.0), (2.0, 2.0)])
def test_the_total_gain_counts_from_the_higher_of_baseline_and_first_loss(baseline, gain):
    assert read([3.0, 1.0], baseline=baseline).total_gain == gain


@pytest.mark.parametrize(("train", "start"), [((), 3.0), ((4.0, 1.0), 4.0), ((2.0, 1.0), 3.0), ((math.nan, 1.0), 3.0)])
def test_learning_starts_at_the_higher_of_both_first_losses(train, start):
    assert read([3.0, 1.0], train).start == start
    assert read([3.0, 1.0], train, baseline=2.5).start == 2.5


def test_a_fall_by_a_twentieth_is_a_beginning_and_less_is_none():
    """Where a trivial predictor's loss is known; a level by itself has no meaning."""
    assert read([1.0, 0.75], baseline=1.0).gained == 0.25
    assert read([64.0, 60.75], baseline=64.0).has_begun  # 0.0508
    assert not read([64.0, 60.9], baseline=64.0).has_begun  # 0.0484
    assert read([20.0, 19.0], baseline=20.0).has_begun  # 0.05, just that
    assert read([64.0, 63.9]).has_begun


@pytest.mark.parametrize(("fall", "begun"), [(0.95, False), (1.1, True)])
def test_a_fall_by_three_times_the_noise_and_what_luck_makes_of_it_is_beyond_it(fall, begun):
    fell = read([4.0, 4.0 - fall])
    vars(fell)["noise"] = 0.25  # the lowest of two epochs is 1.18 noises below their level
    assert fell.has_begun is begun


def test_a_clear_fall_is_one_under_noise_too():
    rng = np.random.default_rng(0)
    noisy = read(np.r_[1.0, (1 + 0.5 * np.exp(-np.arange(80) / 8) + 0.1 * rng.standard_normal(80))[1:]])
    assert noisy.curve.first - noisy.curve.best < noisy.luck(3.0)
    assert noisy.has_begun


@pytest.mark.parametrize("epochs", [40, 1_000, 20_000])
@pytest.mark.parametrize("seed", range(5))
def test_a_flat_loss_never_begins_however_long_it_runs(epochs, seed):
    losses = 1 + 0.1 * np.random.default_rng(seed).standard_normal(epochs)
    assert not read(losses, losses).has_begun
    assert not read(losses, losses).train_has_begun


@pytest.mark.parametrize("level", [0.1, -0.1, 0.6931, 1e6])
def test_a_constant_loss_never_begins_though_means_of_it_are_rounded(level):
    assert not any(read(np.full(epochs, level)).has_begun for epochs in range(5, 90))


def test_a_fall_within_the_noise_is_no_beginning():
    rng = np.random.default_rng(0)
    noisy = 1 + 0.1 * rng.standard_normal(40)
    assert read(noisy).gained > 0.05
    assert not read(noisy).has_begun
    assert not read(np.ones(40), noisy).train_has_begun
    assert read(np.ones(40), np.linspace(1, 0.5, 40)).train_has_begun
    assert not read(np.ones(40)).train_has_begun


def test_the_gap_is_validation_less_train_loss_in_either_mode():
    assert read([0.9], (0.5,)).gap == pytest.approx(0.4)
    assert read([-0.5], (0.9,), sign=-1.0).gap == pytest.approx(0.4)  # accuracies of 0.5 and 0.9
    assert math.isnan(read([0.9]).gap)
    assert math.isnan(read([0.9], (math.inf,)).gap)
    assert math.isnan(read([0.9], (0.9,), has_validation=False).gap)


def test_the_summary_is_in_the_users_unit_and_leaves_out_what_is_not_known():
    content = read([-0.5, -0.7], (0.4, 0.9), sign=-1.0).summary()
    assert content == {
        "epochs_since_best": 0,
        "total_gain": pytest.approx(0.2),
        "noise": 0.0,
        "generalization_gap": pytest.approx(-0.2),
    }
    assert "generalization_gap" not in read([0.5, 0.7]).summary()


def test_noise_is_the_standard_deviation_around_a_trend_and_a_jump_is_none():
    rng = np.random.default_rng(0)
    trend = np.exp(-np.arange(400) / 80)
    assert noise_of(trend) < 1e-3
    assert noise_of(trend + 0.1 * rng.standard_normal(400)) == pytest.approx(0.1, rel=0.15)
    assert noise_of(np.r_[np.zeros(50), np.ones(50)]) == 0.0
    assert noise_of(np.array([1.0, 0.0, 1.0])) == 0.0  # too few to tell


def test_noise_is_rough_and_a_descent_is_smooth():
    assert roughness_of(np.arange(10.0)) == 0.0
    assert roughness_of(np.random.default_rng(0).standard_normal(400)) == pytest.approx(1.7, abs=0.1)
    assert roughness_of(np.ones(10)) == roughness_of(np.array([1.0, 0.0])) == 2.0


def test_a_window_looks_as_far_ahead_as_back_and_not_beyond_the_budget():
    schedule = [0.1] * 8 + [0.01] * 8
    past = {"losses": [1.0] * 6, "lr": [0.1] * 6, "lr_schedule": schedule}
    assert [read(**past).rate_is_moving(window) for window in (2, 3)] == [False, True]
    assert not read(**past, max_epochs=8).rate_is_moving(3)
