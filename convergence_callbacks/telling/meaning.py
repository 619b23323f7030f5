"""What a verdict says of any training: one `Meaning` in the file of each verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """A verdict in words that hold for every training.

    Args:
        means: What it says.
        found: By what in the curves it is found.
        remedies: What to try, one action an item, the most promising first.
        of_trees: What it says of boosted trees, where that differs.
    """

    means: str
    found: str
    remedies: tuple[str, ...]
    of_trees: str = ""
