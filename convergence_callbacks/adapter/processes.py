"""The processes of a training, which all come to the same decision whatever each of them saw."""

from __future__ import annotations

from typing import TypeVar

Own = TypeVar("Own")


class Processes:
    """A training in a single process; a framework that trains in several derives from this.

    What is gathered is merged in one place, `logged_losses.merged`, whatever the framework.
    """

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that prints, and writes what all read."""
        return True

    def gather(self, own: Own) -> list[Own]:
        """What each process has, by rank. Every process has to call it, whatever it saw."""
        return [own]

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process. Every process has to call it."""
        return any(self.gather(flag))


ALONE = Processes()
"""A training in one process."""
