"""Criteria joined: any of them, or all of them at once. A composition is a criterion like any other."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True, repr=False)
class Composition(Criterion):
    """Several criteria that step together. Their order changes nothing."""

    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        if not self.criteria:
            raise SettingsError(f"{self.name} needs at least one criterion, got none")
        for criterion in self.criteria:
            if not isinstance(criterion, Criterion):
                raise SettingsError(f"{self.name} joins criteria, got {criterion!r}")

    @classmethod
    def of(cls, *criteria: Criterion) -> Self:
        """Join criteria; those that are already joined in the same way are taken in flat."""
        flat: list[Criterion] = []
        for criterion in criteria:
            flat.extend(criterion.criteria if isinstance(criterion, cls) else [criterion])
        return cls(tuple(flat))

    def start(self) -> State:
        return {key: criterion.start() for key, criterion in self._keyed.items()}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return {key: criterion.restore(saved.get(key, {})) for key, criterion in self._keyed.items()}

    def to_dict(self) -> dict[str, Any]:
        return {self.name: [criterion.to_dict() for criterion in self.criteria]}

    @functools.cached_property
    def _keyed(self) -> dict[str, Criterion]:
        """Each criterion by its name, numbered from the second of a kind on."""
        keyed: dict[str, Criterion] = {}
        for criterion in self.criteria:
            same = sum(other.name == criterion.name for other in keyed.values())
            keyed[f"{criterion.name} {same + 1}" if same else criterion.name] = criterion
        return keyed

    def step_each(self, state: State, signals: Signals) -> tuple[State, list[Finding]]:
        """Step every criterion.

        Returns:
            The state to remember, and the findings, gravest first whatever the order of the criteria.
        """
        after, findings = {}, []
        for key, criterion in self._keyed.items():
            after[key], finding = criterion.step(state[key], signals)
            if finding is not None:
                findings.append(dataclasses.replace(finding, criterion=finding.criterion or criterion.name))
        return after, sorted(findings, key=_rank)


def gravest(findings: Sequence[Finding]) -> Finding | None:
    """The finding with the gravest verdict, before all that are only told; among equals always the same one."""
    return min(findings, key=_rank, default=None)


@dataclass(frozen=True, repr=False)
class AnyOf(Composition):
    """Finds something as soon as one of its criteria does; the gravest finding is given."""

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        after, findings = self.step_each(state, signals)
        return after, gravest(findings)

    def describe(self) -> str:
        return ", or ".join(criterion.describe() for criterion in self.criteria)

    def __repr__(self) -> str:
        return " | ".join(_bracketed(criterion) for criterion in self.criteria)


@dataclass(frozen=True, repr=False)
class AllOf(Composition):
    """Finds something when all of its criteria do at the same epoch."""

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        after, findings = self.step_each(state, signals)
        if len(findings) < len(self.criteria):
            return after, None
        evidence = {name: value for finding in reversed(findings) for name, value in finding.evidence.items()}
        joined = dataclasses.replace(
            findings[0],
            reason=", and ".join(finding.reason for finding in findings),
            evidence=evidence,
            confidence=min(finding.confidence for finding in findings),
            ends=all(finding.ends for finding in findings),
        )
        return after, joined

    def describe(self) -> str:
        return " and at the same time ".join(criterion.describe() for criterion in self.criteria)

    def __repr__(self) -> str:
        return " & ".join(_bracketed(criterion) for criterion in self.criteria)


def _rank(finding: Finding) -> tuple[bool, int, str, str]:
    gravity = finding.verdict.gravity if finding.verdict is not None else 0
    return not finding.ends, -gravity, finding.criterion, finding.reason


def _bracketed(criterion: Criterion) -> str:
    return f"({criterion!r})" if isinstance(criterion, Composition) else repr(criterion)


def joined(ending: Finding | None, diagnosis: Finding | None) -> Finding:
    """What is told: why the training ends; where that is a mere limit, also what it looks like."""
    if ending is None:
        return diagnosis or Finding(reason="", verdict=Verdict.IMPROVING, confidence=0.0)
    if ending.verdict is not None or diagnosis is None:
        return ending
    return dataclasses.replace(
        diagnosis,
        reason=f"{ending.reason}; {diagnosis.reason}",
        evidence={**diagnosis.evidence, **ending.evidence},
        criterion=ending.criterion,
    )
