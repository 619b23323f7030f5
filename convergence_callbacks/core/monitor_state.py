"""What a run has taught its monitor, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convergence_callbacks.core.criterion import State
from convergence_callbacks.core.curve.reading import Metric
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError, as_state_error
from convergence_callbacks.core.observation import LARGEST_WHOLE
from convergence_callbacks.core.scores import Scores, scores_from
from convergence_callbacks.core.track import Track

VERSION = 1
"""Version of the saved state; raised when an older one can no longer be read as it is."""

_PARTS = ("curve", "decision", "diagnosis", "criteria", "elapsed")


@dataclass(slots=True)
class MonitorState:
    """Everything a run has taught its monitor; the settings are not part of it.

    Args:
        diagnosis: State of the default rule, which says what the training looks like whatever ends it.
        criteria: State of the criteria and limits that were set.
        track: What the training has shown.
        metrics: What it has shown of the metrics that criteria name.
        decision: The latest decision.
        elapsed: Seconds of training.
        scores: What scores such as accuracy did.
    """

    diagnosis: State
    criteria: State
    track: Track = field(default_factory=Track)
    metrics: dict[Metric, Track] = field(default_factory=dict)
    decision: Decision | None = None
    elapsed: float = 0.0
    scores: Scores = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The state in plain types that JSON takes."""
        return {
            "version": VERSION,
            "decision": self.decision.to_dict() if self.decision else None,
            "scores": self.scores,
            "diagnosis": self.diagnosis,
            "criteria": self.criteria,
            "elapsed": self.elapsed,
            "metrics": [[*metric, track.to_dict()] for metric, track in self.metrics.items()],
            **self.track.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> MonitorState:
        """The state that `to_dict` described.

        Raises:
            StateError: It is damaged, foreign or from a newer version.
        """
        with as_state_error():
            if state.get("version", VERSION) > VERSION:
                raise StateError(
                    f"the state is of version {state['version']}, this package reads up to {VERSION}; upgrade it"
                )
            if missing := {"version", *_PARTS} - state.keys():
                raise StateError(
                    f"this is no state of a Monitor, or it is damaged: {', '.join(sorted(missing))} missing"
                )
            _refuse_huge_numbers(state)
            return cls(
                track=Track.from_dict(state),
                metrics={Metric(name, mode): Track.from_dict(of) for name, mode, of in state.get("metrics", ())},
                decision=Decision.from_dict(state["decision"]) if state["decision"] else None,
                scores=scores_from(state.get("scores", {})),
                diagnosis=dict(state["diagnosis"]),
                criteria=dict(state["criteria"]),
                elapsed=float(state["elapsed"]),
            )


def _refuse_huge_numbers(saved: Any) -> None:
    """Raise a ValueError where a state has a whole number that no count, step or loss can be."""
    if isinstance(saved, int) and abs(saved) > LARGEST_WHOLE:
        raise ValueError("it holds a whole number that no count, step or loss can be")
    if isinstance(saved, Mapping | list | tuple):
        for each in saved.values() if isinstance(saved, Mapping) else saved:
            _refuse_huge_numbers(each)
