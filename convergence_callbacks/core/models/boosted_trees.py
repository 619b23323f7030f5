"""Regression trees whose leaves add up (Friedman, "Greedy function approximation", 2001), in numpy alone.

The trees are fitted elsewhere; here they are only evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tree = tuple[Sequence[int], Sequence[float], Sequence[int], Sequence[int]]
"""A tree's nodes in preorder: feature (-1 for a leaf), threshold (a leaf's value), whether what is missing goes left,
and the right child; the left child is the next node."""

PARTS = ("feature", "threshold", "missing_left", "right")
"""What is stored of each node, in the order of a `Tree`."""

ROWS = 4
"""Examples whose trees are walked at once: the numbers of more do not stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """One or several sums of trees, each of at most 32 leaves.

    No tree is walked from node to node: all tests of all trees are made at once. A test that fails closes the leaves
    to its left, a bit each; the leftmost leaf still open is where a walk would end (Lucchese et al., "QuickScorer",
    2015).

    Args:
        features: Names of the features that the trees read, in the order of their indices.
        starts: What the leaves are added to, one number for each sum. Each sum has as many trees as the others.
        feature: Index of each test's feature, plus the number of features where a missing one goes right; a column for
            each tree.
        threshold: Feature values up to this one go left, by test; infinite where a tree has fewer tests than others.
        closes: The leaves that a test closes when it goes right: the leftmost leaf is the highest bit.
        every_leaf: All bits.
        value: What each leaf adds, tree after tree, the rightmost leaf first.
        before: Index in ``value`` before each tree's leaves.
    """

    features: tuple[str, ...]
    starts: NDArray[np.float64]
    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    closes: NDArray[np.uint32]
    every_leaf: np.uint32
    value: NDArray[np.float64]
    before: NDArray[np.intp]

    @classmethod
    def of(cls, features: Sequence[str], starts: Sequence[float], trees: Sequence[Tree]) -> BoostedTrees:
        """The sums of these trees, those of the first sum first."""
        nodes = [np.concatenate([tree[part] for tree in trees]) for part in range(len(PARTS))]
        return cls._of(features, starts, [len(tree[0]) for tree in trees], nodes)

    @classmethod
    def stored(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> BoostedTrees:
        """The sums that `benchmarks.fit` stored under a name, as `{name}_features`, `{name}_starts` and so on."""
        features, starts, sizes = (arrays[f"{name}_{part}"].tolist() for part in ("features", "starts", "sizes"))
        return cls._of(features, starts, sizes, [arrays[f"{name}_{part}"] for part in PARTS])

    @classmethod
    def _of(
        cls, features: Sequence[str], starts: Sequence[float], sizes: Sequence[int], nodes: Sequence[NDArray[Any]]
    ) -> BoostedTrees:
        feature, threshold, missing_left, right = nodes
        tree, is_leaf, nodes_up_to = np.repeat(np.arange(len(sizes)), sizes), feature < 0, np.cumsum(sizes)
        first = (nodes_up_to - np.array(sizes))[tree]
        leaves_before, tests_before = _earlier(is_leaf, first), _earlier(~is_leaf, first)
        most = int(leaves_before.max()) + 1
        test = ~is_leaf, (tests_before[~is_leaf], tree[~is_leaf])
        shape = max(1, int(tests_before.max())), len(sizes)
        index, limit, closes = np.zeros(shape, np.intp), np.full(shape, np.inf), np.zeros(shape, np.uint32)
        index[test[1]] = (feature + len(features) * (missing_left == 0))[test[0]]
        limit[test[1]] = threshold[test[0]]
        left_of = most - leaves_before  # bits from a node's first leaf on
        closes[test[1]] = 2 ** left_of[test[0]] - 2 ** left_of[(first + right)[test[0]]]
        value = np.zeros((len(sizes), most))
        value[tree[is_leaf], left_of[is_leaf] - 1] = threshold[is_leaf]
        return cls(
            features=tuple(features),
            starts=np.array(starts, dtype=np.float64),
            feature=index,
            threshold=limit,
            closes=closes,
            every_leaf=np.uint32(2**most - 1),
            value=value.ravel(),
            before=most * np.arange(len(sizes)) - 1,
        )

    def predict(self, features: Mapping[str, float]) -> NDArray[np.float64]:
        """The sums for one example.

        Args:
            features: The example's features by name, NaN where missing; others than the trees read may be there too.
        """
        return self.predict_rows(np.array([features[name] for name in self.features]))

    def predict_rows(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sums for one example, or for many, one a row.

        Args:
            rows: The features, in the order of `features`; NaN where missing.

        >>> trees = BoostedTrees.of(["wait"], [1.0], [((0, -1, -1), (5.0, 0.25, -0.5), (1, 0, 0), (2, 0, 0))])
        >>> trees.predict_rows(np.array([[5.0], [6.0], [float("nan")]])).tolist()
        [[1.25], [0.5], [1.25]]
        """
        if rows.ndim > 1 and len(rows) > ROWS:
            return np.concatenate([self.predict_rows(rows[at : at + ROWS]) for at in range(0, len(rows), ROWS)])
        is_missing = np.isnan(rows)
        twice = np.concatenate([np.where(is_missing, -np.inf, rows), np.where(is_missing, np.inf, rows)], axis=-1)
        goes_right = twice.take(self.feature, axis=-1) > self.threshold
        is_open = self.every_leaf ^ np.bitwise_or.reduce(goes_right * self.closes, axis=-2)
        leaves = self.value.take(self.before + np.frexp(is_open)[1])  # the exponent is the place of the highest bit
        return np.asarray(self.starts + leaves.reshape(*rows.shape[:-1], len(self.starts), -1).sum(axis=-1))


def _earlier(chosen: NDArray[np.bool_], first: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many of a tree's nodes before each node are chosen; ``first`` is its tree's first node."""
    up_to: NDArray[np.intp] = np.cumsum(chosen)
    before = up_to - chosen
    return before - before[first]
