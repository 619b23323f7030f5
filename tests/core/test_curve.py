import json
import math

import numpy as np
import pytest

from convergence_callbacks.core.curve.curve import CAPACITY, Curve


def filled(losses, train=None, lr=math.nan):
    curve = Curve()
    for step, loss in enumerate(losses):
        curve.add(step, loss, math.nan if train is None else train[step], lr)
    return curve


def test_a_short_run_is_kept_as_it_is():
    losses = [1.0, 0.5, 0.75]
    curve = filled(losses)
    assert (curve.rows[0, : curve.bins].tolist(), curve.epoch.tolist(), curve.width) == (losses, [1, 2, 3], 1)


def test_a_long_run_is_kept_as_means_of_neighbours():
    losses = np.arange(4 * CAPACITY, dtype=float)
    curve = filled(losses, train=losses + 1)
    assert curve.width == 4
    np.testing.assert_allclose(curve.rows[0, : curve.bins], losses.reshape(-1, 4).mean(1))
    np.testing.assert_allclose(curve.train, losses.reshape(-1, 4).mean(1) + 1)
    assert curve.epoch.tolist() == list(range(4, 4 * CAPACITY + 1, 4))


def test_the_last_bin_is_the_mean_of_what_it_holds_so_far():
    curve = filled([0.0] * CAPACITY + [1.0])
    assert (curve.width, curve.filled, curve.rows[0, : curve.bins][-1]) == (2, 1, 1.0)
    curve.add(CAPACITY + 1, 3.0, math.nan, math.nan)
    assert (curve.filled, curve.rows[0, : curve.bins][-1], curve.epoch[-1]) == (2, 2.0, CAPACITY + 2)


def test_extremes_are_those_of_single_epochs_however_long_the_run():
    losses = [5.0, *np.linspace(2, 1, 1000), 0.25, 9.0, *([1.0] * 1000)]
    curve = filled(losses)
    assert (curve.first, curve.best, curve.best_step, curve.best_epoch, curve.worst) == (5.0, 0.25, 1001, 1002, 9.0)
    assert (curve.latest, curve.latest_step, curve.count) == (1.0, 2002, 2003)


def test_the_first_of_equal_bests_is_the_best():
    assert filled([1.0, 0.5, 0.5]).best_step == 1


def test_a_missing_train_loss_is_no_jump():
    assert filled([1.0] * 4, train=[0.5, math.nan, 0.25, math.nan]).train.tolist() == [0.5, 0.5, 0.25, 0.25]
    assert math.isnan(filled([1.0], train=[math.nan]).train[0])


def test_a_train_loss_that_comes_late_in_a_bin_is_the_bins():
    epochs = CAPACITY + 2
    assert filled([1.0] * epochs, train=[math.nan] * (epochs - 1) + [0.5]).train[-1] == 0.5


def test_the_learning_rate_is_the_last_known_one():
    curve = Curve()
    for step, lr in enumerate([math.nan, 0.1, math.nan]):
        curve.add(step, 1.0, math.nan, lr)
    assert math.isnan(curve.rows[3, 0]) and curve.rows[3, 1 : curve.bins].tolist() == [0.1, 0.1]


def test_spacing_is_the_mean_distance_of_judged_epochs():
    curve = Curve()
    assert curve.spacing == 1.0
    for step in (0, 5, 10):
        curve.add(step, 1.0, math.nan, math.nan)
    assert curve.spacing == 5.0


def test_the_state_survives_json_at_every_length():
    curve = Curve()
    for step in range(3 * CAPACITY):
        curve = Curve.from_state(json.loads(json.dumps(curve.state_dict(), allow_nan=False)))
        curve.add(step, 1 / (step + 1), math.nan if step % 3 else 0.5, math.nan)
    straight = Curve()
    for step in range(3 * CAPACITY):
        straight.add(step, 1 / (step + 1), math.nan if step % 3 else 0.5, math.nan)
    assert curve.state_dict() == straight.state_dict()


def test_a_damaged_state_is_refused():
    state = filled([1.0, 0.5]).state_dict()
    with pytest.raises(ValueError, match="differ in length"):
        Curve.from_state({**state, "loss": [1.0]})
    with pytest.raises(KeyError):
        Curve.from_state({})
    with pytest.raises(TypeError):
        Curve.from_state({**state, "loss": ["a", "b"]})
    with pytest.raises(TypeError):
        Curve.from_state({**state, "count": None})
    with pytest.raises(OverflowError):
        Curve.from_state({**state, "loss": [10**400, 0.5]})
    for wrong in ({"filled": -1}, {"filled": 2}, {"best_epoch": 3}, {"count": 3}, {"width": 2}):
        with pytest.raises(ValueError, match="do not fit together"):
            Curve.from_state({**state, **wrong})


def test_the_spacing_of_epochs_that_are_validated_now_and_then():
    curve = Curve()
    for step in (4, 9, 14, 19):
        curve.add(step, 1.0, math.nan, math.nan)
    assert curve.spacing == 5.0
    assert Curve().spacing == 1.0


@pytest.mark.parametrize("fall", [0.05, 0.3])
def test_a_smooth_fall_is_no_blown_up_start_however_early_it_is_looked_at(fall):
    losses = 1 + np.exp(-fall * np.arange(40))
    assert not any(filled(losses[:epochs]).first_stable_bin for epochs in range(1, 41))


def test_a_start_that_was_blown_up_twice_over_ends_where_both_are_over():
    assert filled([7e7, 1e5, *np.linspace(2, 1, 30)]).first_stable_bin == 2
