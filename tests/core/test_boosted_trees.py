"""Trees that one can follow with a finger."""

import math

import pytest

from convergence_callbacks.core.models.boosted_trees import BoostedTrees

STUMP = ((0, -1, -1), (5.0, 1.0, 2.0), (1, 0, 0), (2, 0, 0))
DEEP = ((1, 0, -1, -1, -1), (0.5, 2.0, 10.0, 20.0, 30.0), (0, 0, 0, 0, 0), (4, 3, 0, 0, 0))
TREES = BoostedTrees.of(("a", "b"), [0.5], [STUMP, DEEP])


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        (2.0, 0.5, 0.5 + 1 + 10),
        (2.1, 0.5, 0.5 + 1 + 20),
        (5.0, 0.6, 0.5 + 1 + 30),
        (5.1, 0.6, 0.5 + 2 + 30),
        (math.nan, 0.0, 0.5 + 1 + 20),
        (9.0, math.nan, 0.5 + 2 + 30),
    ],
)
def test_each_tree_adds_the_leaf_that_the_numbers_lead_to(a, b, value):
    assert TREES.predict({"b": b, "a": a, "more": 1.0}).tolist() == [value]


def test_several_sums_are_those_of_the_trees_as_they_were_given_however_deep_each_is():
    two = BoostedTrees.of(("a", "b"), [0.5, -2.0], [STUMP, DEEP])
    assert two.predict({"a": 2.0, "b": 0.5}).tolist() == [1.5, 8.0]


def test_a_tree_of_one_leaf_adds_it_whatever_is_known():
    assert BoostedTrees.of(("a",), [1.0], [((-1,), (0.25,), (0,), (0,))]).predict({"a": math.nan}).tolist() == [1.25]
