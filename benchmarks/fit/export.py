"""Fitted trees as the package keeps them: arrays of numbers in an .npz file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from convergence_callbacks.core.models.boosted_trees import PARTS, Tree

PACKAGE = Path(__file__).parent.parent.parent / "convergence_callbacks"

HIGHEST = 1e9  # above any feature

Arrays = Mapping[str, NDArray[np.generic]]


def trees_of(model: HistGradientBoostingRegressor, times: float = 1.0) -> tuple[float, list[Tree]]:
    """Where the model starts from, and its trees, both multiplied."""
    stages = model._predictors  # scikit-learn shows its trees nowhere else
    trees = [tree_of(stage[0].nodes) for stage in stages]
    return times * float(model._baseline_prediction.item()), [multiplied(tree, times) for tree in trees]


def arrays_of(features: Sequence[str], starts: Sequence[float], trees: Sequence[Tree], name: str) -> Arrays:
    """The sums of these trees as arrays that `BoostedTrees.stored` reads by this name."""
    feature, threshold, missing_left, right = (np.concatenate([tree[part] for tree in trees]) for part in range(4))
    nodes = (feature.astype(np.int16), threshold.astype(np.float64), missing_left.astype(bool), right.astype(np.int16))
    return {
        f"{name}_features": np.array(features),
        f"{name}_starts": np.array(starts, dtype=np.float64),
        f"{name}_sizes": np.array([len(tree[0]) for tree in trees], dtype=np.int16),
        **{f"{name}_{part}": numbers for part, numbers in zip(PARTS, nodes, strict=True)},
    }


def save(file: Path, arrays: Arrays) -> None:
    """Write a model's arrays; the same arrays give the same bytes."""
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def tree_of(nodes: NDArray[np.void]) -> Tree:
    """One tree of scikit-learn's, which come in preorder; a threshold above all numbers parts known from missing."""
    leaf = nodes["is_leaf"] == 1
    return (
        np.where(leaf, -1, nodes["feature_idx"].astype(int)).tolist(),
        np.where(leaf, nodes["value"], np.minimum(nodes["num_threshold"], HIGHEST)).tolist(),
        np.where(leaf, 0, nodes["missing_go_to_left"]).tolist(),
        np.where(leaf, 0, nodes["right"].astype(int)).tolist(),
    )


def multiplied(tree: Tree, times: float) -> Tree:
    """A tree with its leaves multiplied."""
    feature, value, missing_left, right = tree
    return feature, [times * v if f < 0 else v for f, v in zip(feature, value, strict=True)], missing_left, right
