"""What our callback costs a small XGBoost training that it never ends: ``python -m benchmarks.measure.overhead``."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import xgboost

from convergence_callbacks.xgboost import ConvergenceStopping

ROUNDS = 600
TIMES = 7
"""Trainings of each kind, one of the other after one of the one: what else the machine does slows both."""

PARAMS = {"objective": "binary:logistic", "eval_metric": "logloss", "max_depth": 4, "eta": 0.02, "nthread": 1}
ASKED = 1.15
"""Times the plain training that it should take at most."""


def seconds(rounds: int = ROUNDS, times: int = TIMES) -> tuple[list[float], list[float]]:
    """Processor time of plain trainings, and of as many with our callback."""
    train, valid = _data(2_000, seed=0), _data(500, seed=1)
    plain, ours = [], []
    for _ in range(times + 1):
        plain.append(_trained(train, valid, rounds, []))
        quiet = ConvergenceStopping(max_epochs=rounds, stop_on="nothing", verbose=False)
        ours.append(_trained(train, valid, rounds, [quiet]))
    return plain[1:], ours[1:]  # the first reads the fitted models


def rows() -> list[str]:
    """A table of both, and their ratio."""
    plain, ours = seconds()
    least, with_ours = min(plain), min(ours)
    return [
        f"| {ROUNDS} rounds of XGBoost, never ended | |",
        "|---|---|",
        f"| plain | {least:.2f} s |",
        f"| with our callback | {with_ours:.2f} s |",
        f"| ratio (asked: at most {ASKED}) | {with_ours / least:.2f} |",
        f"| a round takes more | {1e6 * (with_ours - least) / ROUNDS:.0f} µs |",
    ]


def _data(examples: int, seed: int) -> xgboost.DMatrix:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(examples, 20))
    odds = inputs[:, 0] * inputs[:, 1] + np.sin(2 * inputs[:, 2]) + inputs[:, 3]
    return xgboost.DMatrix(inputs, label=odds + rng.normal(size=examples) > 0)


def _trained(
    train: xgboost.DMatrix, valid: xgboost.DMatrix, rounds: int, callbacks: Sequence[ConvergenceStopping]
) -> float:
    began = time.process_time()
    booster = xgboost.train(
        PARAMS,
        train,
        rounds,
        evals=[(train, "train"), (valid, "valid")],
        verbose_eval=False,
        callbacks=list(callbacks),
    )
    took = time.process_time() - began
    if booster.num_boosted_rounds() != rounds:
        raise RuntimeError(f"the training ended after {booster.num_boosted_rounds()} of {rounds} rounds")
    return took


if __name__ == "__main__":
    print("\n".join(rows()))
