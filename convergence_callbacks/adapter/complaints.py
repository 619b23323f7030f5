"""Warns once of each thing that goes wrong in a training, or with ``strict`` raises it."""

from __future__ import annotations

import math
import warnings

from convergence_callbacks.adapter.logged_losses import LoggedLosses
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation, is_finite
from convergence_callbacks.metrics.find import is_of_training, not_found


class Complaints:
    """Warns of each thing once a run, or raises it.

    Args:
        strict: Whether complaints are raised.
        counter: What the framework calls its steps, and how it numbers them.
    """

    def __init__(self, *, strict: bool = False, counter: Counter = Counter()) -> None:  # noqa: B008  # frozen
        self._strict, self._counter = strict, counter
        self._made: set[str] = set()
        self._named: set[str] = set()

    def make(self, error: ConvergenceError, about: str = "") -> None:
        """Raise with ``strict``; otherwise warn, once for each thing.

        Args:
            error: What went wrong.
            about: What it is about, if the message changes with its numbers; one warning for each such thing.
        """
        if self._strict:
            raise error
        self.warn(f"{error}; the training goes on", about or str(error))

    def warn(self, message: str, about: str = "") -> None:
        """Warn, once for each thing, also where complaints are raised."""
        if (about or message) not in self._made:
            self._made.add(about or message)
            warnings.warn(message, RuntimeWarning, stacklevel=3)

    def about_losses(self, found: LoggedLosses, settings: CallbackSettings) -> None:
        """Complain where a loss is missing or not finite."""
        losses_count = settings.direction == "min"  # else only named metrics are missed
        if found.validated and not found.val and (settings.val_metric or losses_count):
            self._about_missing("val_metric", settings.val_metric or "val_loss", found)
        elif not found.train and not found.val and (settings.train_metric or losses_count):
            self._about_missing("train_metric", settings.train_metric or "train_loss", found)
        self._named |= found.named  # one that was there once may be measured only now and then
        for name, _ in settings.metrics:
            if name not in self._named and (found.validated or is_of_training(name)):
                self.make(not_found(name, found.logged, setting="of"), about=f"of {name}")
        self._about_values(found.observation)

    def _about_missing(self, setting: str, wanted: str, found: LoggedLosses) -> None:
        """Complain of a missing metric once, whatever else is logged in other epochs."""
        self.make(not_found(wanted, found.logged, setting=setting), about=setting)

    def _about_values(self, observation: Observation) -> None:
        for name in ("train_loss", "val_loss"):
            value = getattr(observation, name)
            if value is not None and not is_finite(value):
                large = ", which counts as infinite," if math.isfinite(value) else ""
                at = f"{self._counter.noun} {self._counter.number(observation.step)}"
                error = ConvergenceError(f"{name} is {value:g}{large} at {at}")
                self.make(error, about=name)
