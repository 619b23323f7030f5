"""Patience: the rule that every framework ships."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from convergence_callbacks.core.criterion import Finding, MetricCriterion, State, with_numbers
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.fields import check_bounds, setting


@dataclass(frozen=True)
class Patience(MetricCriterion):
    """No improvement for a number of epochs.

    >>> Patience(10, min_delta="0.5%")
    Patience(patience=10, min_delta='0.5%', warmup=0, cooldown=0)

    Source: Morgan & Bourlard, "Generalization and parameter estimation in feedforward nets" (1990).
    """

    patience: int = setting("stop after this many epochs without improvement", 10, ge=1)
    min_delta: float | str = setting(
        "drop that an improvement exceeds: a number, or '0.5%' of the best loss", 0.0, ge=0
    )
    warmup: int = setting("epochs at the start that are not counted", 0, ge=0)
    cooldown: int = setting("epochs after a drop of the learning rate that are not counted", 0, ge=0)

    stops_when: ClassVar = "{of:metric} has not improved[ by more than {min_delta}] for {patience:epochs}"
    because: ClassVar = "no improvement for {wait:epochs} (patience {patience})"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._smallest_drop(0.0)  # refuses a malformed percentage

    def start(self) -> State:
        return {"wait": 0, "best": None, "lr": None, "cooling": 0}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return with_numbers(super().restore(saved), "best", "lr")

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if not reading.judged:
            return state, False
        loss, best = reading.loss, state["best"]
        improved = best is None or loss < best - self._smallest_drop(best)
        cooling, lr = self._cool(state, reading)
        counts = reading.curve.count > self.warmup and cooling == 0
        wait, best = (0, loss) if improved else (state["wait"] + counts, best)
        return {"wait": wait, "best": best, "lr": lr, "cooling": cooling}, wait >= self.patience

    def finding(self, state: State, reading: Reading) -> Finding:
        best = reading.sign * state["best"]
        return Finding(evidence={"wait": state["wait"], "patience": self.patience, "patience_best": best})

    def _smallest_drop(self, best: float) -> float:
        if not isinstance(self.min_delta, str):
            return self.min_delta
        try:
            if not self.min_delta.endswith("%"):
                raise ValueError
            percent = float(self.min_delta.removesuffix("%"))
        except ValueError:
            expected = "a number or a percentage such as '0.5%'"
            raise SettingsError(f"min_delta must be {expected}, got {self.min_delta!r}", ("min_delta",)) from None
        check_bounds("min_delta", percent, {"ge": 0})
        return abs(best) * percent / 100

    def _cool(self, state: State, reading: Reading) -> tuple[int, float | None]:
        """Epochs of cooldown left after this one, and the rate to compare the next one with."""
        lr, before = reading.observation.lr, state["lr"]
        if lr is None or not math.isfinite(lr):
            return max(0, state["cooling"] - 1), before
        dropped = before is not None and lr < before
        return self.cooldown if dropped else max(0, state["cooling"] - 1), lr
