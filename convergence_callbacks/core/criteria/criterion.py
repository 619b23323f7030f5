"""What every criterion is: settings that never change, and a pure step from one epoch to the next."""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from convergence_callbacks.core.fields import check
from convergence_callbacks.core.verdict import Verdict

if TYPE_CHECKING:
    from convergence_callbacks.core.compose import AllOf, AnyOf
    from convergence_callbacks.core.signals import Signals

State = dict[str, Any]
"""What a criterion remembers between epochs, in plain types."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a criterion has found at an epoch.

    Args:
        reason: A sentence without its full stop, with the numbers.
        verdict: What the training looks like, or None where the criterion only keeps a limit.
        evidence: The numbers behind it, by name.
        advice: What to do next, one action an item.
        confidence: How sure the verdict is, from 0 to 1.
        criterion: Name of the criterion, filled in by whoever called it.
        ends: Whether it is a ground to end the training; otherwise it is only told.
        ends_as: The verdict that `stop_on` is asked for then, where it is another one: a run of which nothing more is
            expected ends as converged, even if a learning rate that is too low may be the cause.
    """

    reason: str
    verdict: Verdict | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    confidence: float = 1.0
    criterion: str = ""
    ends: bool = True
    ends_as: Verdict | None = None


class Criterion(ABC):
    """One reason to end a training, or one thing to know about it.

    A criterion is a frozen dataclass: its fields are its settings, declared with
    `convergence_callbacks.core.fields.setting`. It finds something or nothing in the `Signals` of an
    epoch, and joins others by ``|`` and ``&``. Its name in YAML and logs is that of the class in snake
    case; writing the class is all it takes to be known there.
    """

    name: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def __post_init__(self) -> None:
        check(self)

    def start(self) -> State:
        """What the criterion remembers before the first epoch; nothing, for most."""
        return {}

    @abstractmethod
    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        """Judge one epoch.

        Args:
            state: What `start` or the previous step returned; not to be changed in place.
            signals: What can be read from the learning curve at this epoch.

        Returns:
            The state to remember, and the finding if there is one.
        """

    @abstractmethod
    def describe(self) -> str:
        """When it finds something, in words that follow on "stop when …"."""

    def restore(self, saved: Mapping[str, Any]) -> State:
        """A state from a saved one: what this criterion does not know is dropped, what is new starts fresh.

        Raises:
            TypeError: A value is of another kind than the criterion remembers.
        """
        return {name: _like(value, saved.get(name, value)) for name, value in self.start().items()}

    def to_dict(self) -> dict[str, Any]:
        """The criterion as YAML writes it: its name, then its settings."""
        settings = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {self.name: settings}

    def __or__(self, other: Criterion) -> AnyOf:
        from convergence_callbacks.core.compose import AnyOf

        return AnyOf.of(self, other)

    def __and__(self, other: Criterion) -> AllOf:
        from convergence_callbacks.core.compose import AllOf

        return AllOf.of(self, other)


def _like(fresh: Any, saved: Any) -> Any:
    """A saved value, if it is of the fresh one's kind; what starts as None may become anything."""
    kind = (int, float) if isinstance(fresh, int | float) else type(fresh)
    if fresh is not None and not isinstance(saved, kind):
        raise TypeError(f"{saved!r} stands where {fresh!r} is at the start")
    return saved


def with_numbers(state: State, *names: str) -> State:
    """A restored state, of which the named values started as None and can only have become numbers.

    Raises:
        TypeError: One is neither.
    """
    for name in names:
        if not isinstance(state[name], int | float | None):
            raise TypeError(f"{state[name]!r} stands where {name} is a number")
    return state
