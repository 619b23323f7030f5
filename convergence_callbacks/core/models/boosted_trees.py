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


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """One or several sums of trees, laid side by side so that each level of all trees is one step.

    Args:
        features: Names of the features that the trees read, in the order of their indices.
        starts: What the leaves are added to, one number for each sum. Each sum has as many trees as the others.
        roots: Index of each tree's first node, those of the deepest trees first.
        places: Where each tree is among the roots: leaves are added in the order of the trees.
        feature: Index of each node's feature, plus the number of features where a missing one goes right; 0 for a leaf.
        threshold: Feature values up to this one go left, by node.
        children: Indices of each node's right and left child, one after the other; a leaf is its own child.
        value: What each leaf adds; 0 for other nodes.
        deeper: How many trees go on below each level.
    """

    features: tuple[str, ...]
    starts: NDArray[np.float64]
    roots: NDArray[np.intp]
    places: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    children: NDArray[np.intp]
    value: NDArray[np.float64]
    deeper: tuple[int, ...]

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
        feature, numbers, is_leaf = feature.astype(np.intp), threshold.astype(np.float64), feature < 0
        roots, own = np.cumsum([0, *sizes[:-1]]), np.arange(len(feature))
        right_child = np.repeat(roots, sizes) + right.astype(np.intp)
        depths = _depths(roots, is_leaf, right_child)
        deepest_first = np.argsort(-depths, kind="stable")
        return cls(
            features=tuple(features),
            starts=np.array(starts, dtype=np.float64),
            roots=roots[deepest_first],
            places=np.argsort(deepest_first),
            feature=np.where(is_leaf, 0, feature + len(features) * (missing_left == 0)),
            threshold=numbers,
            children=np.where(is_leaf, own, [right_child, own + 1]).ravel("F"),
            value=np.where(is_leaf, numbers, 0.0),
            deeper=tuple(int((depths > level).sum()) for level in range(depths.max())),
        )

    def predict(self, features: Mapping[str, float]) -> NDArray[np.float64]:
        """The sums for one example.

        Args:
            features: The example's features by name, NaN where missing; others than the trees read may be there too.

        >>> stump = ((0, -1, -1), (5.0, 0.25, -0.5), (1, 0, 0), (2, 0, 0))
        >>> trees = BoostedTrees.of(["wait"], [1.0, 2.0], [stump, stump])
        >>> trees.predict({"wait": 5.0}).tolist(), trees.predict({"wait": 6.0}).tolist()
        ([1.25, 2.25], [0.5, 1.5])
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
        is_missing = np.isnan(rows)
        twice = [np.where(is_missing, -np.inf, rows), np.where(is_missing, np.inf, rows)]  # one goes left, one right
        numbers = np.concatenate(twice, axis=-1).ravel()
        examples = rows.shape[:-1]
        first = np.arange(0, numbers.size, 2 * len(self.features)).reshape(examples)
        nodes = np.empty((len(self.roots), *examples), dtype=np.intp)  # a row for each tree
        nodes.T[...] = self.roots
        for trees in self.deeper:
            node = nodes[:trees]
            goes_left = numbers.take(self.feature.take(node) + first) <= self.threshold.take(node)
            nodes[:trees] = self.children.take(2 * node + goes_left)
        leaves = np.ascontiguousarray(self.value.take(nodes.take(self.places, axis=0)).T)
        return np.asarray(self.starts + leaves.reshape(*examples, len(self.starts), -1).sum(axis=-1))


def _depths(roots: NDArray[np.intp], is_leaf: NDArray[np.bool_], right: NDArray[np.intp]) -> NDArray[np.intp]:
    """Levels of each tree below its root."""
    depths, node, tree, level = np.zeros(len(roots), dtype=np.intp), roots, np.arange(len(roots)), 0
    while not is_leaf[node].all():
        node, tree = node[~is_leaf[node]], tree[~is_leaf[node]]
        depths[tree] = level = level + 1
        node, tree = np.concatenate([right[node], node + 1]), np.concatenate([tree, tree])
    return depths
