"""The monitor as users meet it: the core's, handed a clock, a reader of files and the meaning of names."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from convergence_callbacks.config.elsewhere import OTHERS
from convergence_callbacks.config.from_yaml import made_from_yaml
from convergence_callbacks.core.errors import MetricNotFoundError
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.settings import ELSEWHERE
from convergence_callbacks.metrics.find import is_score, meant_loss


def _check_names(metrics: Mapping[str, Any], losses: Mapping[str, Any]) -> None:
    """Refuse a loss that would never be judged, since it is not handed over as what it is.

    Raises:
        MetricNotFoundError: Names the metric and what to write instead.
    """
    for name in metrics:
        meant = meant_loss(name)
        if meant is not None and losses[meant] is None:
            raise MetricNotFoundError(f"a loss is judged as train_loss or val_loss, got {name!r}: write {meant}=…")


ELSEWHERE.update(OTHERS)
Monitor.default_clock = staticmethod(time.monotonic)
Monitor.from_file = staticmethod(made_from_yaml)
Monitor.is_score = staticmethod(is_score)
Monitor.check_names = staticmethod(_check_names)

__all__ = ["Monitor"]
