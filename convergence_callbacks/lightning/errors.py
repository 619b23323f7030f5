"""Errors that are Lightning's own too, so that code which catches those catches these."""

from __future__ import annotations

from convergence_callbacks.core.errors import MetricNotFoundError, SettingsError
from convergence_callbacks.lightning.stock import misconfigurations


class MisconfiguredError(SettingsError, *misconfigurations()):  # type: ignore[misc]
    """An argument of `EarlyStopping` is wrong."""


class MonitorNotFoundError(MetricNotFoundError, RuntimeError):
    """The metric that `EarlyStopping` is to judge was logged by no process."""
