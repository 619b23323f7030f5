"""What was mended or left out in reading, counted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Note:
    """All that happened of one kind: the first of it, and how often."""

    first: str
    count: int = 0

    def __str__(self) -> str:
        return f"{self.first} (and {self.count - 1} more)" if self.count > 1 else self.first


@dataclass
class Notes:
    """Gathers what happened at which line, so that a thousand bad lines are one sentence."""

    by_kind: dict[str, Note] = field(default_factory=dict)

    def add(self, what: str, line: int | None = None, kind: str | None = None) -> None:
        """Note something that happened.

        Args:
            what: What it was; behind a line's number, where there is one.
            line: Where.
            kind: What it has in common with others that are worded otherwise; its own words when left out.
        """
        first = what if line is None else f"line {line} {what}"
        self.by_kind.setdefault(kind or what, Note(first)).count += 1

    def told(self) -> tuple[str, ...]:
        """A sentence for each kind.

        >>> notes = Notes()
        >>> notes.add("is left out, since 'a' is no number", 3, kind="no number")
        >>> notes.add("is left out, since 'b' is no number", 9, kind="no number")
        >>> notes.told()
        ("line 3 is left out, since 'a' is no number (and 1 more)",)
        """
        return tuple(map(str, self.by_kind.values()))
