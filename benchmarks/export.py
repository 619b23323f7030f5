"""Fitted trees as the package keeps them: a Python module of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from convergence_callbacks.core.boosted_trees import Tree

DIGITS = 5  # significant ones: more are noise

HIGHEST = 1e9  # above any feature


def trees_of(model: HistGradientBoostingRegressor, times: float = 1.0) -> tuple[float, list[Tree]]:
    """Where the model starts from, and its trees, both multiplied."""
    stages = model._predictors  # scikit-learn shows its trees nowhere else
    trees = [tree_of(stage[0].nodes) for stage in stages]
    return times * float(model._baseline_prediction.item()), [multiplied(tree, times) for tree in trees]


def literal(name: str, values: Iterable[object], description: str) -> str:
    """Python source of a tuple, an item a line."""
    items = "".join(f"    {_short(value)},\n" for value in values)
    return f'{name} = (\n{items})\n"""{description}"""\n'


def compact(trees: Iterable[Tree]) -> str:
    """Python source of trees, without spaces and with few digits."""
    text = "(" + "".join(f"{_short(tree)}," for tree in trees) + ")"
    return re.sub(r"(?<![\d.])0\.(?=\d)", ".", text)


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


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "(" + "".join(f"{_short(item)}," for item in value) + ")"
    return f'"{value}"' if isinstance(value, str) else repr(value)
