"""The monitor as users meet it: the core's, handed a clock, a reader of files and the meaning of names."""

from __future__ import annotations

import time

from convergence_callbacks.config.from_yaml import made_from_yaml
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.metrics.find import is_score

Monitor.default_clock = staticmethod(time.monotonic)
Monitor.from_file = staticmethod(made_from_yaml)
Monitor.is_score = staticmethod(is_score)

__all__ = ["Monitor"]
