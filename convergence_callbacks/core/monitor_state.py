"""What a run has taught its monitor, and how it is saved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from convergence_callbacks.core.criteria.criterion import State
from convergence_callbacks.core.curve import Curve
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError
from convergence_callbacks.core.scores import Scores, scores_from

VERSION = 1
"""Version of the saved state; raised when an older one can no longer be read as it is."""

_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "diagnosis": dict,
    "criteria": dict,
    "has_validation": bool,
    "elapsed": float,
    "non_finite": int,
    "non_finite_total": int,
    "missing_total": int,
    "repeated_total": int,
}
"""Parts that are saved as they are, and what reads them."""


@dataclass(slots=True)
class MonitorState:
    """Everything a run has taught its monitor; the settings are not part of it.

    Args:
        diagnosis: State of the default rule.
        criteria: State of the criteria that were set.
        curve: The learning curve.
        decision: The latest decision.
        has_validation: Whether a finite validation loss was ever seen: it is judged from then on.
        elapsed: Seconds of training.
        non_finite: Epochs in a row whose judged loss, or a train loss that was known before, was not finite.
        non_finite_total: All without a finite judged loss.
        missing_total: Epochs without a judged loss.
        repeated_total: Epochs that were shown again.
        scores: What scores such as accuracy did.
    """

    diagnosis: State
    criteria: State
    curve: Curve = field(default_factory=Curve)
    decision: Decision | None = None
    has_validation: bool = False
    elapsed: float = 0.0
    non_finite: int = 0
    non_finite_total: int = 0
    missing_total: int = 0
    repeated_total: int = 0
    scores: Scores = field(default_factory=dict)

    def faults(self) -> dict[str, float]:
        """What was wrong with the values given, where anything was."""
        counts = {
            "non_finite_epochs": self.non_finite_total,
            "missing_epochs": self.missing_total,
            "repeated_epochs": self.repeated_total,
        }
        return {name: count for name, count in counts.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """The state in plain types that JSON takes."""
        return {
            "version": VERSION,
            "curve": self.curve.state_dict(),
            "decision": self.decision.to_dict() if self.decision else None,
            "scores": self.scores,
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> MonitorState:
        """The state that `to_dict` described.

        Raises:
            StateError: It is damaged, foreign or from a newer version.
        """
        with damage_told():
            if state.get("version", VERSION) > VERSION:
                raise StateError(
                    f"the state is of version {state['version']}, this package reads up to {VERSION}; upgrade it"
                )
            if missing := {"version", "curve", "decision", *_PLAIN} - state.keys():
                raise StateError(
                    f"this is no state of a Monitor, or it is damaged: {', '.join(sorted(missing))} missing"
                )
            return cls(
                curve=Curve.from_state(state["curve"]),
                decision=Decision.from_dict(state["decision"]) if state["decision"] else None,
                scores=scores_from(state.get("scores", {})),
                **{name: type_(state[name]) for name, type_ in _PLAIN.items()},
            )


@contextlib.contextmanager
def damage_told(of: str = "a Monitor") -> Iterator[None]:
    """Tell as one error whatever reading a damaged state raises.

    Args:
        of: Whose state was to be read.
    """
    try:
        yield
    except StateError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise StateError(f"this is no state of {of}, or it is damaged: {error!r}") from error
