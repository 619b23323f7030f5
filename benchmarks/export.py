"""Fitted trees as the package keeps them: a Python module of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from convergence_callbacks.core.boosted_trees import Tree

DIGITS = 5  # significant ones: more are noise

HIGHEST = 1e9  # above any feature


def trees_of(model: HistGradientBoostingRegressor) -> tuple[float, list[Tree]]:
    """Where the model starts from, and its trees in preorder."""
    stages = model._predictors  # scikit-learn shows its trees nowhere else
    return float(model._baseline_prediction.item()), [_tree(stage[0].nodes) for stage in stages]


def literal(name: str, values: Iterable[object], description: str) -> str:
    """Python source of a tuple, an item a line."""
    items = "".join(f"    {_short(value)},\n" for value in values)
    return f'{name} = (\n{items})\n"""{description}"""\n'


def _tree(nodes: NDArray[np.void]) -> Tree:
    feature: list[int] = []
    threshold: list[float] = []
    missing_left: list[int] = []
    right: list[int] = []

    def add(index: int) -> None:
        node, place = nodes[index], len(feature)
        is_leaf = bool(node["is_leaf"])
        feature.append(-1 if is_leaf else int(node["feature_idx"]))
        # A threshold above all numbers parts what is known from what is missing.
        threshold.append(min(float(node["value" if is_leaf else "num_threshold"]), HIGHEST))
        missing_left.append(int(node["missing_go_to_left"]))
        right.append(0)
        if not is_leaf:
            add(int(node["left"]))
            right[place] = len(feature)
            add(int(node["right"]))

    add(0)
    return feature, threshold, missing_left, right


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "(" + "".join(f"{_short(item)}," for item in value) + ")"
    return f'"{value}"' if isinstance(value, str) else repr(value)
