"""What was mended or left out in reading, counted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Notes:
    """Gathers what happened at which line, so that a thousand bad lines are one sentence."""

    lines: dict[str, list[int]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def add(self, what: str, line: int | None = None) -> None:
        """Something that happened, at a line."""
        if line is None:
            self.said.append(what)
        else:
            count = self.lines.setdefault(what, [0, line])
            count[0] += 1

    def told(self) -> tuple[str, ...]:
        """A sentence for each thing.

        >>> notes = Notes()
        >>> notes.add("left out, too few cells", 3)
        >>> notes.add("left out, too few cells", 9)
        >>> notes.told()
        ('2 lines left out, too few cells (the first is line 3)',)
        """
        counted = (
            f"line {first} {what}" if count == 1 else f"{count} lines {what} (the first is line {first})"
            for what, (count, first) in self.lines.items()
        )
        return (*dict.fromkeys(self.said), *counted)
