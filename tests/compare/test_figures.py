"""The share of the gain that is lost, and draws of whole groups."""

import math

import numpy as np

from convergence_callbacks.compare.figures import resampled, share_lost


def test_what_is_given_up_is_a_share_of_the_gain_and_unknown_where_nothing_was_gained():
    assert share_lost(2.0, 1.0, 4.0) == 0.25
    assert share_lost(-1.0, -1.0, 4.0) == 0.0
    assert math.isnan(share_lost(1.0, 1.0, 0.0))


def test_a_draw_takes_all_rows_of_a_group_or_none():
    for draw in resampled(["a", "a", "b"], draws=20):
        assert np.count_nonzero(draw == 0) == np.count_nonzero(draw == 1)
        assert np.count_nonzero(draw == 0) + np.count_nonzero(draw == 2) == 2


def test_the_draws_of_a_seed_are_the_same_every_time():
    one, other = ([draw.tolist() for draw in resampled(range(9), 3, seed)] for seed in (0, 1))
    assert one == [draw.tolist() for draw in resampled(range(9), 3)] != other
