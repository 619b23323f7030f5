"""Learning rates to come that a function gives, as they became known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from convergence_callbacks.core.observation import plain_number

FEWEST = 128
"""Answers that are kept at least: fewer are not worth a search for those that are past."""


class Asked:
    """A schedule that is a function, and what it answers.

    Args:
        schedule: The function of the epoch.
    """

    def __init__(self, schedule: Callable[[int], float]) -> None:
        self._schedule = schedule
        self._known: dict[int, float | str] = {}
        self._new: dict[int, float | str | None] = {}
        self._most = FEWEST

    def __call__(self, epoch: int) -> float:
        """The rate of an epoch; whatever the function raises, as it does."""
        try:
            rate = float(self._schedule(epoch))
        except Exception:
            if self._known.pop(epoch, None) is not None:
                self._new[epoch] = None
            raise
        plain = plain_number(rate)
        if plain is not None and self._known.get(epoch) != plain:
            self._known[epoch] = self._new[epoch] = plain
        return rate

    def new_answers(self, step: int) -> list[list[Any]]:
        """Epochs and their rates that were not known the last time; None for one that is no longer known.

        Args:
            step: The epoch that was judged: rates of the past are not asked for again.
        """
        new, self._new = self._new, {}
        if len(self._known) > self._most:
            self._known = {epoch: rate for epoch, rate in self._known.items() if epoch > step}
            self._most = max(FEWEST, 2 * len(self._known))
        return [[epoch, rate] for epoch, rate in new.items()]


class Answers:
    """A schedule of the answers that were recorded."""

    def __init__(self) -> None:
        self._rates: dict[int, float | None] = {}

    def add(self, answers: Iterable[tuple[int, float | None]]) -> None:
        """Take in what was asked next."""
        self._rates.update(answers)

    def __call__(self, epoch: int) -> float:
        """The rate of an epoch.

        Raises:
            LookupError: Nobody knew it.
        """
        rate = self._rates.get(epoch)
        if rate is None:
            raise LookupError(epoch)
        return rate
