"""Something that is wrong with the data or the gradients of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from convergence_callbacks.core.observation import plain_number


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with data or gradients.

    Args:
        name: Which of the known faults it is.
        reason: What was seen, in a sentence with its numbers.
        advice: What to do about it.
        number: The number behind it.
        certain: Whether it is a fault whatever the learning curve says; the others only explain a run that fails.
    """

    name: str
    reason: str
    advice: str
    number: float
    certain: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.reason} | next: {self.advice}"

    def to_dict(self) -> dict[str, Any]:
        """The fault in types that every JSON reader takes."""
        return {**asdict(self), "number": plain_number(self.number)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fault:
        """The fault that `to_dict` described."""
        return cls(**{**data, "number": float(data["number"])})
