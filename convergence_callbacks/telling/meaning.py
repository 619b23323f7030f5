"""What a verdict means for any training: one `Meaning` in the file of each verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What a verdict means for any training, in words.

    Args:
        means: What the verdict means.
        found: By what in the curves it is found.
        remedies: What to try, one action an item, the most promising first.
        of_trees: The same for boosted trees, if that differs.
    """

    means: str
    found: str
    remedies: tuple[str, ...]
    of_trees: str = ""
