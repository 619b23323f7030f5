"""What the monitor says after each observation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from convergence_callbacks.core.observation import plain_number
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Stop or go on, with the reason.

    Args:
        stop: Whether the training should end here.
        verdict: What the training looks like at this epoch.
        step: The epoch that was judged.
        best_step: Epoch of the best loss seen, None while there was no finite one.
        best_value: The best loss seen: validation loss where there is one, else train loss.
        reason: Why, in a sentence with its numbers.
        criterion: Name of the criterion that found it, empty while none did.
        evidence: The numbers behind it, by name.
        advice: What to do next, one action an item.
        confidence: How sure the verdict is, from 0 to 1.
    """

    stop: bool
    verdict: Verdict
    step: int
    best_step: int | None = None
    best_value: float | None = None
    reason: str = ""
    criterion: str = ""
    evidence: Mapping[str, float] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    confidence: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", MappingProxyType(dict(self.evidence)))

    def __reduce__(self) -> tuple[Any, ...]:  # a read-only mapping can't be pickled
        return Decision.from_dict, (self.to_dict(),)

    def __str__(self) -> str:
        act = "stop" if self.stop else "go on"
        parts = [f"{act} at epoch {self.step}: {self.verdict}"]
        if self.reason:
            parts.append(self.reason)
        if self.best_value is not None:
            parts.append(f"best {self.best_value:.6g} at epoch {self.best_step}")
        if self.advice:
            parts.append(f"next: {'; '.join(self.advice)}")
        return " | ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The decision in types that every JSON reader takes; values that are not finite become text."""
        return {
            "stop": self.stop,
            "verdict": self.verdict.value,
            "step": self.step,
            "best_step": self.best_step,
            "best_value": plain_number(self.best_value),
            "reason": self.reason,
            "criterion": self.criterion,
            "evidence": {name: plain_number(value) for name, value in self.evidence.items()},
            "advice": list(self.advice),
            "confidence": self.confidence,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decision:
        """The decision that `to_dict` described."""
        read = {
            **data,
            "step": int(data["step"]),
            "verdict": Verdict(data["verdict"]),
            "best_value": None if data["best_value"] is None else float(data["best_value"]),
            "evidence": {name: float(value) for name, value in data["evidence"].items()},
            "advice": tuple(data["advice"]),
        }
        return cls(**read)
