"""What was mended or left out in reading, counted, and what was assumed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from convergence_callbacks.logs.assumption import Assumption, Inference


@dataclass(slots=True)
class Note:
    """All that happened of one kind: the first of it, and how often."""

    first: str
    count: int = 0

    def __str__(self) -> str:
        return f"{self.first} (and {self.count - 1} more)" if self.count > 1 else self.first


@dataclass
class Notes:
    """Gathers what happened at which line, so that a thousand bad lines are one sentence.

    Args:
        by_kind: What happened, by what it has in common.
        assumed: What was assumed, each kind once for a column.
        lines_lost: Lines that were left out.
    """

    by_kind: dict[str, Note] = field(default_factory=dict)
    assumed: dict[tuple[Inference, str], Assumption] = field(default_factory=dict)
    lines_lost: int = 0

    def add(self, what: str, line: int | None = None, kind: str | None = None, *, is_lost: bool = True) -> None:
        """Note something that happened.

        Args:
            what: What it was; behind a line's number, where there is one.
            line: Where.
            kind: What it has in common with others that are worded otherwise; its own words when left out.
            is_lost: Whether the line is left out.
        """
        first = what if line is None else f"line {line} {what}"
        self.by_kind.setdefault(kind or what, Note(first)).count += 1
        self.lines_lost += line is not None and is_lost

    def assume(self, each: Assumption) -> None:
        """Note what was assumed; of each kind the first for a column, and how often."""
        key = each.what, each.column
        first = self.assumed.get(key)
        self.assumed[key] = each if first is None else dataclasses.replace(first, count=first.count + 1)

    def sentences(self) -> tuple[str, ...]:
        """A sentence for each kind.

        >>> notes = Notes()
        >>> notes.add("is left out, since 'a' is no number", 3, kind="no number")
        >>> notes.add("is left out, since 'b' is no number", 9, kind="no number")
        >>> notes.sentences()
        ("line 3 is left out, since 'a' is no number (and 1 more)",)
        """
        return tuple(map(str, self.by_kind.values()))

    def assumptions(self) -> tuple[Assumption, ...]:
        """What was assumed, in the order in which it was."""
        return tuple(self.assumed.values())
