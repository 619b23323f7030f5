"""What went wrong in a training is told once, or with ``strict`` raised."""

from __future__ import annotations

import math
import warnings

from convergence_callbacks.adapter.found import Found
from convergence_callbacks.adapter.names import not_found
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation, is_finite


class Complaints:
    """Warns of each thing once a run; with ``strict`` raises it."""

    settings: CallbackSettings
    _warned: set[str]

    def complain_of_missing(self, found: Found) -> None:
        """Raise with ``strict``, or else warn once, where a loss is missing or not finite."""
        losses_count = self.settings.mode == "min"  # else only what was named is missed
        if found.validated and not found.val and (self.settings.val_metric or losses_count):
            self._complain_of("val_metric", self.settings.val_metric or "val_loss", found)
        elif not found.train and not found.val and (self.settings.train_metric or losses_count):
            self._complain_of("train_metric", self.settings.train_metric or "train_loss", found)
        self._check_finite(found.observation)

    def _complain_of(self, setting: str, wanted: str, found: Found) -> None:
        """Complain of a metric; once, though other ones are logged beside it in other epochs."""
        self._complain(not_found(wanted, found.logged, setting=setting), about=setting)

    def _check_finite(self, observation: Observation) -> None:
        for name in ("train_loss", "val_loss"):
            value = getattr(observation, name)
            if value is not None and not is_finite(value):
                large = ", which counts as infinite," if math.isfinite(value) else ""
                error = ConvergenceError(f"{name} is {value:g}{large} at epoch {observation.step}")
                self._complain(error, about=name)

    def _complain(self, error: ConvergenceError, about: str = "") -> None:
        """Raise with ``strict``; otherwise warn, once for each thing a run."""
        if self.settings.strict:
            raise error
        if (about or str(error)) not in self._warned:
            self._warned.add(about or str(error))
            warnings.warn(f"{error}; the training goes on", RuntimeWarning, stacklevel=2)
