"""Something that is wrong with the data or the gradients of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from convergence_callbacks.core.observation import plain_number


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with data or gradients.

    Args:
        name: Which of the known faults it is.
        number: The number by which it was found.
        certain: Whether it is a fault whatever the learning curve shows; others only explain a run that fails.
        numbers: Further counts, by name.
        places: Where it is: names of layers, a feature, or shapes.

    Attributes:
        voice: Gives the reason and the advice in words; the package sets it.
    """

    name: str
    number: float
    certain: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict)
    places: tuple[str, ...] = ()

    voice: ClassVar[Callable[[Fault], tuple[str, str]]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", MappingProxyType(dict(self.numbers)))

    def __reduce__(self) -> tuple[Any, ...]:  # a read-only mapping can't be pickled
        return Fault.from_dict, (self.to_dict(),)

    @property
    def reason(self) -> str:
        """What was seen, in a sentence with its numbers."""
        return type(self).voice(self)[0]

    @property
    def advice(self) -> str:
        """What to do about it."""
        return type(self).voice(self)[1]

    def __str__(self) -> str:
        return f"{self.name}: {self.reason} | next: {self.advice}"

    def to_dict(self) -> dict[str, Any]:
        """The fault in types that every JSON reader takes."""
        return {
            "name": self.name,
            "number": plain_number(self.number),
            "certain": self.certain,
            "numbers": {name: plain_number(value) for name, value in self.numbers.items()},
            "places": list(self.places),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fault:
        """The fault that `to_dict` described."""
        return cls(
            name=str(data["name"]),
            number=float(data["number"]),
            certain=bool(data["certain"]),
            numbers={name: float(value) for name, value in data["numbers"].items()},
            places=tuple(map(str, data["places"])),
        )
