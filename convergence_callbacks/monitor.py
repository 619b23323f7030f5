"""The monitor for users: that of the core, with a clock, files, the forecast and the meaning of names."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from convergence_callbacks.config.elsewhere import OTHERS
from convergence_callbacks.config.from_yaml import made_from_yaml
from convergence_callbacks.core.curve.reading import Metric
from convergence_callbacks.core.errors import MetricNotFoundError
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.settings import ELSEWHERE
from convergence_callbacks.forecast.loss import forecast_loss
from convergence_callbacks.metrics.direction import direction_of_named
from convergence_callbacks.metrics.find import find_named, is_score, meant_loss, not_found


def _check_names(metrics: Mapping[str, Any], losses: Mapping[str, Any], named: Iterable[Metric]) -> None:
    """Refuse a loss that would never be judged under the name that it was given, and a criterion's metric likewise.

    Raises:
        MetricNotFoundError: Names the metric and what to write instead.
    """
    wanted = {metric.name for metric in named}
    for name in metrics:
        meant = meant_loss(name)
        if meant is not None and losses[meant] is None and name not in wanted:
            raise MetricNotFoundError(f"a loss is judged as train_loss or val_loss, got {name!r}: write {meant}=…")
    given = {name for name, value in {**losses, **metrics}.items() if value is not None}
    for name in sorted(wanted):
        if find_named(name, given) is None:
            raise not_found(name, given, setting="of")


def _value_of(name: str, metrics: Mapping[str, float]) -> float | None:
    """The value of a metric in whatever spelling it has; None where it is not there."""
    found = find_named(name, metrics)
    return None if found is None else metrics[found]


ELSEWHERE.update(OTHERS)
Monitor.default_clock = staticmethod(time.monotonic)
Monitor.from_file = staticmethod(made_from_yaml)
Monitor.forecaster = staticmethod(forecast_loss)
Monitor.is_score = staticmethod(is_score)
Monitor.check_names = staticmethod(_check_names)
Monitor.direction_of = staticmethod(direction_of_named)
Monitor.value_of = staticmethod(_value_of)

__all__ = ["Monitor"]
