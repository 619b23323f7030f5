"""Regression trees whose leaves add up (Friedman, "Greedy function approximation", 2001), in numpy alone.

The trees come from wherever they were fitted; here they are only asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Tree = tuple[Sequence[int], Sequence[float], Sequence[int], Sequence[int]]
"""A tree's nodes in preorder: feature (-1 for a leaf), threshold (a leaf's value), whether what is missing goes left,
and the right child; the left child is the next node."""


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """All trees side by side, so that each level of all of them is one step.

    Args:
        features: Names of the numbers asked for, in the order of their indices.
        start: What the leaves are added to.
        roots: Index of each tree's first node, those of the deepest trees first.
        places: Where each tree is in them: leaves are added in the order of the trees.
        feature: Of each node, counted on from their number where one goes right if it is missing; 0 for a leaf.
        threshold: Of each node: up to it one goes left.
        children: Indices of each node's right and left child, one after the other; a leaf is its own child.
        value: Of each leaf; 0 for other nodes.
        deeper: Of each level, how many trees go on below it.
    """

    features: tuple[str, ...]
    start: float
    roots: NDArray[np.intp]
    places: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    children: NDArray[np.intp]
    value: NDArray[np.float64]
    deeper: tuple[int, ...]

    @classmethod
    def of(cls, features: Sequence[str], start: float, trees: Sequence[Tree]) -> BoostedTrees:
        """The ensemble of these trees."""
        sizes, depths = [len(tree[0]) for tree in trees], np.array([_depth(tree) for tree in trees])
        roots, deepest_first = np.cumsum([0, *sizes[:-1]]), np.argsort(-depths, kind="stable")
        first = np.repeat(roots, sizes)
        feature, threshold, missing, right = (np.concatenate([tree[part] for tree in trees]) for part in range(4))
        is_leaf, own = feature < 0, np.arange(len(feature))
        return cls(
            features=tuple(features),
            start=start,
            roots=roots[deepest_first],
            places=np.argsort(deepest_first),
            feature=np.where(is_leaf, 0, feature + len(features) * (missing == 0)),
            threshold=threshold,
            children=np.where(is_leaf, own, [first + right, own + 1]).ravel("F"),
            value=np.where(is_leaf, threshold, 0.0),
            deeper=tuple(int((depths > level).sum()) for level in range(depths.max())),
        )

    def predict(self, known: Mapping[str, float]) -> float:
        """The sum for one example.

        Args:
            known: Its numbers by name, NaN where missing.

        >>> trees = BoostedTrees.of(["wait"], 1.0, [((0, -1, -1), (5.0, 0.25, -0.5), (1, 0, 0), (2, 0, 0))])
        >>> trees.predict({"wait": 5.0}), trees.predict({"wait": 6.0}), trees.predict({"wait": float("nan")})
        (1.25, 0.5, 1.25)
        """
        return self.start + float(self.sums(self._asked(known))[0])

    def predict_groups(self, known: Mapping[str, float], groups: int) -> NDArray[np.float64]:
        """The sums of the leaves of so many groups of trees, one after the other and all of the same size.

        Args:
            known: The numbers of an example by name, NaN where missing.
            groups: How many there are.

        >>> stumps = [((0, -1, -1), (5.0, 0.25, -0.5), (1, 0, 0), (2, 0, 0))] * 2
        >>> BoostedTrees.of(["wait"], 0.0, stumps).predict_groups({"wait": 6.0}, 2).tolist()
        [-0.5, -0.5]
        """
        return self.sums(self._asked(known), groups)

    def sums(self, asked: NDArray[np.float64], groups: int = 1) -> NDArray[np.float64]:
        """The same for an example, or for many, one a row.

        Args:
            asked: The numbers, in the order of `features`.
            groups: How many groups there are.

        >>> trees = BoostedTrees.of(["wait"], 1.0, [((0, -1, -1), (5.0, 0.25, -0.5), (1, 0, 0), (2, 0, 0))])
        >>> trees.sums(np.array([[5.0], [6.0]])).tolist()
        [[0.25], [-0.5]]
        """
        is_missing = np.isnan(asked)
        twice = [np.where(is_missing, -np.inf, asked), np.where(is_missing, np.inf, asked)]  # one goes left, one right
        numbers = np.concatenate(twice, axis=-1).ravel()
        examples = asked.shape[:-1]
        first = np.arange(0, numbers.size, 2 * len(self.features)).reshape(examples)
        nodes = np.empty((len(self.roots), *examples), dtype=np.intp)  # a row for each tree
        nodes.T[...] = self.roots
        for trees in self.deeper:
            node = nodes[:trees]
            goes_left = numbers.take(self.feature.take(node) + first) <= self.threshold.take(node)
            nodes[:trees] = self.children.take(2 * node + goes_left)
        leaves = np.ascontiguousarray(self.value.take(nodes.take(self.places, axis=0)).T)
        return np.asarray(leaves.reshape(*examples, groups, -1).sum(axis=-1))

    def _asked(self, known: Mapping[str, float]) -> NDArray[np.float64]:
        return np.array([known[name] for name in self.features])


def _depth(tree: Tree) -> int:
    """Levels below the root."""
    feature, _, _, right = tree
    level = [0] * len(feature)
    for node, number in enumerate(feature):
        if number >= 0:
            level[node + 1] = level[right[node]] = level[node] + 1
    return max(level)
