"""What the monitor decides after each observation: numbers and names, and words when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.fault import Fault
from convergence_callbacks.core.observation import plain_number
from convergence_callbacks.core.verdict import Verdict


class Words(Protocol):
    """A decision in words."""

    @property
    def reason(self) -> str:
        """See `Decision.reason`."""

    @property
    def advice(self) -> tuple[str, ...]:
        """See `Decision.advice`."""

    @property
    def line(self) -> str:
        """All of it in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Stop or go on, and what that rests on.

    Args:
        stop: Whether the training should end here.
        verdict: What the training looks like at this epoch.
        step: The epoch that was judged, counted from 0.
        best_step: Epoch of the best loss seen, None while there was no finite one.
        best_value: The best loss seen: validation loss where there is one, else train loss.
        found_by: Names of the criteria that found it; empty while none did, several where they were joined by ``&``.
        evidence: The numbers behind it, by name.
        confidence: How sure the verdict is, from 0 to 1.
        faults: What is wrong with the data, where a data check explains the verdict.
        action: What is done about it: ``"raise_lr"``, ``"lower_lr"``, ``"roll_back"``, ``"keep"``, ``"undo"``,
            ``"on_trial"`` or nothing.
        quoted: The message of another callback that ended the training.
        counter: What the framework or log calls its steps, and how it numbers them.

    Attributes:
        voice: Puts a decision into words; the package sets it.
    """

    stop: bool
    verdict: Verdict
    step: int
    best_step: int | None = None
    best_value: float | None = None
    found_by: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.0
    faults: tuple[Fault, ...] = ()
    action: str = ""
    quoted: str = ""
    counter: Counter = Counter()

    voice: ClassVar[Callable[[Decision], Words]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", MappingProxyType(dict(self.evidence)))

    def __reduce__(self) -> tuple[Any, ...]:  # a read-only mapping can't be pickled
        return Decision.from_dict, (self.to_dict(),)

    @property
    def criterion(self) -> str:
        """Name of the criterion that found it, empty while none did; the first where several were joined."""
        return self.found_by[0] if self.found_by else ""

    @property
    def ends_early(self) -> bool:
        """Whether it ends the training before its budget does."""
        return self.stop and not self.is_budget_end

    @property
    def is_budget_end(self) -> bool:
        """Whether the training ends only because its epochs are used up."""
        return self.stop and self.criterion == MaxEpochs.name

    @property
    def reason(self) -> str:
        """Why, in a sentence with its numbers."""
        return type(self).voice(self).reason

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do next, one action an item."""
        return type(self).voice(self).advice

    def __str__(self) -> str:
        return type(self).voice(self).line

    def to_dict(self) -> dict[str, Any]:
        """The decision in types that every JSON reader takes; values that are not finite become text."""
        return {
            "stop": self.stop,
            "verdict": self.verdict.value,
            "step": self.step,
            "best_step": self.best_step,
            "best_value": plain_number(self.best_value),
            "found_by": list(self.found_by),
            "evidence": {name: plain_number(value) for name, value in self.evidence.items()},
            "confidence": self.confidence,
            "faults": [fault.to_dict() for fault in self.faults],
            "action": self.action,
            "quoted": self.quoted,
            "counter": {"noun": self.counter.noun, "first": self.counter.first},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decision:
        """The decision that `to_dict` described; other keys, such as its words, are ignored."""
        best_value, counter = data["best_value"], data.get("counter", {})
        return cls(
            stop=bool(data["stop"]),
            verdict=Verdict(data["verdict"]),
            step=int(data["step"]),
            best_step=None if data["best_step"] is None else int(data["best_step"]),
            best_value=None if best_value is None else float(best_value),
            found_by=tuple(map(str, data["found_by"])),
            evidence={name: float(value) for name, value in data["evidence"].items()},
            confidence=float(data["confidence"]),
            faults=tuple(map(Fault.from_dict, data.get("faults", ()))),
            action=str(data.get("action", "")),
            quoted=str(data.get("quoted", "")),
            counter=Counter(str(counter.get("noun", "epoch")), int(counter.get("first", 0))),
        )
