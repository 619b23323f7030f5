"""Trees that one can follow with a finger."""

import math

import numpy as np
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


def grown(rng, tests):
    """A tree with so many tests of three features, in preorder."""
    if tests == 0:
        return [(-1, rng.normal(), 0, 0)]
    to_the_left = int(rng.integers(tests))
    left, right = grown(rng, to_the_left), grown(rng, tests - 1 - to_the_left)
    moved = [
        (f, t, m, child + by if f >= 0 else 0)
        for part, by in ((left, 1), (right, 1 + len(left)))
        for f, t, m, child in part
    ]
    return [(int(rng.integers(3)), rng.normal(), int(rng.integers(2)), 1 + len(left)), *moved]


def walked(nodes, row):
    at = 0
    while nodes[at][0] >= 0:
        feature, threshold, missing_left, right = nodes[at]
        goes_left = missing_left if math.isnan(row[feature]) else row[feature] <= threshold
        at = at + 1 if goes_left else right
    return nodes[at][1]


def test_all_tests_at_once_end_at_the_leaf_that_a_walk_from_node_to_node_ends_at():
    rng = np.random.default_rng(0)
    trees = [grown(rng, tests) for tests in (0, 1, 2, 5, 9, 17, 31)]
    rows = rng.normal(size=(50, 3))
    rows[rng.random(rows.shape) < 0.2] = np.nan
    read = BoostedTrees.of("abc", [0.0] * len(trees), [tuple(zip(*nodes, strict=True)) for nodes in trees])
    assert read.predict_rows(rows).tolist() == [[walked(nodes, row) for nodes in trees] for row in rows]
