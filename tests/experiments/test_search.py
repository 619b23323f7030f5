"""When a search ends: what further trials can be expected to bring."""

import math

import numpy as np
import pytest

from convergence_callbacks.experiments.search import AHEAD, Tried, search_outlook
from convergence_callbacks.telling.search import end_of_search


def tried(values, began=1.0):
    return [Tried(value=value, began=began) for value in values]


ALIKE = [0.1 + 0.0001 * number for number in range(40)]
APART = [0.8 / 2**number for number in range(8)]


def test_a_search_whose_best_trials_are_alike_ends_and_one_whose_are_apart_goes_on():
    assert search_outlook(tried(ALIKE)).ends
    assert not search_outlook(tried(APART)).ends


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_order_unit_and_direction_of_the_values_do_not_matter(sign):
    expected = search_outlook(tried(APART)).expected
    values = [sign * (3 + 100 * value) for value in np.random.default_rng(0).permutation(APART)]
    seen = search_outlook(tried(values, began=sign * 103), sign=sign)
    assert seen.expected == pytest.approx(expected)
    assert seen.best == sign * (3 + 100 * min(APART))


def test_the_fewer_trials_are_left_the_less_they_bring():
    brings = [search_outlook(tried(APART), n_trials=count).expected for count in (8, 9, 20, 200)]
    assert brings == sorted(brings) and brings[0] == 0.0
    assert search_outlook(tried(APART)).expected == search_outlook(tried(APART), n_trials=8 + AHEAD).expected


def test_a_trial_that_is_no_number_was_tried_and_is_never_the_best():
    worst = [math.nan, -math.inf, None, math.inf]
    seen = search_outlook([*tried(APART), *tried(worst)])
    assert seen.best == min(APART) and seen.trials == len(APART) + len(worst)
    assert seen.expected < search_outlook(tried(APART)).expected


def test_without_enough_finite_values_a_search_goes_on():
    assert not search_outlook(tried([0.5, 0.4, 0.3] + [math.nan] * 100)).ends
    assert search_outlook([]).best is None and not search_outlook([]).ends


def test_trials_that_all_come_to_the_same_end_by_their_number():
    seen = [search_outlook(tried([0.5] * count, began=None)).ends for count in (5, 100)]
    assert seen == [False, True]


def test_the_reason_has_the_numbers():
    reason = end_of_search(search_outlook(tried(ALIKE), tolerance=0.02))
    assert "after 40 trials, the best 0.1: the next 10" in reason and "less than the tolerance of 2%" in reason
    assert "all 8 trials were made" in end_of_search(search_outlook(tried(APART), n_trials=8))
