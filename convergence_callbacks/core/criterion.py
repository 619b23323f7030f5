"""What every criterion is, what it finds, and how criteria join: any of them, or all of them at once.

A criterion has settings that never change and a pure step from one epoch to the next; its state is a separate, plain
value. A composition is a criterion too.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from convergence_callbacks.core.constructor import documentation, refuse_unknown
from convergence_callbacks.core.curve.reading import Metric, Reading
from convergence_callbacks.core.curve.since_best import rise_and_fall
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.fields import check, fields_of, is_setting, setting
from convergence_callbacks.core.verdict import Verdict

State = dict[str, Any]
"""What a criterion remembers between epochs, in plain types."""

Evidence = Mapping[str, float]
"""Numbers by name."""

DirectionOf = Callable[[str, Any], Any]
"""Gives "min" or "max" for a metric, from its name and the user's ``mode``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a criterion has found at an epoch.

    Args:
        verdict: What the training looks like, or None where the criterion only keeps a limit.
        evidence: The numbers behind it, by name.
        confidence: How sure the verdict is, from 0 to 1.
        found_by: Names of the criteria that found it; several where joined by ``&``.
        ends: Whether it ends the training: False if it is only reported, True if it does, as at a limit; a verdict if
            it does where `stop_on` lists that verdict. By default its own verdict, or True without one.

    >>> Finding(verdict=Verdict.CONVERGED).ends, Finding(evidence={"epochs": 5}).ends
    (Verdict.CONVERGED, True)
    """

    verdict: Verdict | None = None
    evidence: Evidence = field(default_factory=dict)
    confidence: float = 1.0
    found_by: tuple[str, ...] = ()
    ends: bool | Verdict | None = None

    def __post_init__(self) -> None:
        if self.ends is None:
            object.__setattr__(self, "ends", True if self.verdict is None else self.verdict)


class LazyEvidence(Mapping[str, float]):
    """Evidence that is computed when it is first read."""

    def __init__(self, make: Callable[[], Evidence]) -> None:
        self._make = make

    @functools.cached_property
    def made(self) -> Evidence:
        """The numbers."""
        return self._make()

    def __getitem__(self, name: str) -> float:
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)


_SHIPPED: dict[str, type[Criterion]] = {}
"""The criteria of this package by name."""


def _claim_name(kind: type[Criterion]) -> None:
    """Register a shipped criterion; refuse its name to a user's class, since YAML could not tell them apart."""
    if kind.__module__.startswith(f"{__package__}."):
        _SHIPPED[kind.name] = kind
    elif kind.name in _SHIPPED:
        shipped = _SHIPPED[kind.name]
        raise SettingsError(
            f"{kind.__module__}.{kind.__qualname__} has the name {kind.name!r} of a criterion that ships with the "
            f"package, {shipped.__module__}.{shipped.__qualname__}; give it another name"
        )


class Criterion(ABC):
    """One reason to end a training, or one thing to know about it.

    A criterion is a frozen dataclass: its fields are its settings, declared with
    `convergence_callbacks.core.fields.setting`. At each epoch it finds something or nothing in the `Reading`, and it
    joins others by ``|`` and ``&``. Its name in YAML and logs is that of the class in snake case, known there as
    soon as it is defined.

    Attributes:
        verdicts: What it can find; empty for a mere limit, which always ends the training.
        stops_when: A template over its settings, which completes "stop when …".
        because: A template over its evidence: the reason for a stop. Empty where the verdict has words of its own.
    """

    name: ClassVar[str] = ""
    verdicts: ClassVar[tuple[Verdict, ...]] = ()
    stops_when: ClassVar[str] = ""
    because: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
        fields = {**getattr(cls, "__dataclass_fields__", {}), **vars(cls)}
        if settings := {name: field for name, field in fields.items() if is_setting(field)}:
            cls.__doc__ = f"{inspect.cleandoc(cls.__doc__ or cls.name)}\n\n{documentation(settings)}"
        _claim_name(cls)

    def __new__(cls, *given: Any, **named: Any) -> Self:
        if dataclasses.is_dataclass(cls):
            refuse_unknown(cls.__name__, cls, given, named)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        check(self)

    def start(self) -> State:
        """What the criterion remembers before the first epoch; nothing, for most."""
        return {}

    @abstractmethod
    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        """Judge one epoch.

        Args:
            state: What `start` or the previous step returned; not to be changed in place.
            reading: What can be read from the learning curve at this epoch.

        Returns:
            The state to remember, and whether the criterion found something.
        """

    @abstractmethod
    def finding(self, state: State, reading: Reading) -> Finding:
        """What `step` found at an epoch, if it did.

        Args:
            state: What that step returned.
            reading: What it was given.
        """

    def restore(self, saved: Mapping[str, Any]) -> State:
        """A state from a saved one: what this criterion does not know is dropped, what is new starts fresh.

        Raises:
            TypeError: A value is of another kind than the criterion remembers.
        """
        return {name: _like(value, saved.get(name, value)) for name, value in self.start().items()}

    def to_dict(self) -> dict[str, Any]:
        """The criterion as YAML writes it: its name, then its settings."""
        return {self.name: {field.name: getattr(self, field.name) for field in fields_of(self)}}

    @property
    def metrics(self) -> frozenset[Metric]:
        """The metrics that it reads in place of the judged one."""
        return frozenset()

    def directed(self, direction_of: DirectionOf) -> Criterion:
        """The criterion with the direction of each of its metrics filled in."""
        return self

    def its(self, reading: Reading) -> Reading:
        """The reading of the metric that it judges: the judged one's, or that of the metric that it names."""
        return reading

    def __or__(self, other: Criterion) -> AnyOf:
        return AnyOf.of(self, other)

    def __and__(self, other: Criterion) -> AllOf:
        return AllOf.of(self, other)


@dataclass(frozen=True, kw_only=True)
class MetricCriterion(Criterion):
    """A criterion that reads one curve: that of the judged metric, or of one that the user names.

    Raises:
        SettingsError: ``mode`` is set without ``of``.
    """

    of: str | None = setting("metric that it reads, by its name; the judged one when left out", None, example="val_f1")
    mode: Literal["auto", "min", "max"] = setting(
        "whether less or more of that metric is better; auto: as its framework or its name says", "auto"
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__repr__" not in vars(cls):  # that of a dataclass would name both settings always, and first
            cls.__repr__ = MetricCriterion.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.of is None and self.mode != "auto":
            raise SettingsError(f"mode {self.mode!r} needs a metric: name it with of", ("mode",))

    def __repr__(self) -> str:
        ((_, settings),) = self.to_dict().items()
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in settings.items())})"

    def to_dict(self) -> dict[str, Any]:
        ((name, settings),) = super().to_dict().items()
        left_out = {"of": None, "mode": "auto"}
        return {name: {key: value for key, value in settings.items() if (key, value) not in left_out.items()}}

    @property
    def metrics(self) -> frozenset[Metric]:
        return frozenset() if self.of is None else frozenset({Metric(self.of, self.mode)})

    def directed(self, direction_of: DirectionOf) -> Criterion:
        return self if self.of is None else dataclasses.replace(self, mode=direction_of(self.of, self.mode))

    def its(self, reading: Reading) -> Reading:
        return reading if self.of is None else reading.metrics[Metric(self.of, self.mode)]


@dataclass(frozen=True, repr=False)
class Composition(Criterion):
    """Several criteria that step together. Their order changes nothing.

    Its state holds the state of each criterion by `keyed` name, and which of them found something at the latest epoch.
    """

    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        if not self.criteria:
            raise SettingsError(f"{self.name} needs at least one criterion, got none")
        for criterion in self.criteria:
            if not isinstance(criterion, Criterion):
                raise SettingsError(f"{self.name} joins criteria, got {criterion!r}")

    @classmethod
    def of(cls, *criteria: Criterion) -> Self:
        """Join criteria; compositions of the same kind are not nested."""
        flat: list[Criterion] = []
        for criterion in criteria:
            flat.extend(criterion.criteria if isinstance(criterion, cls) else [criterion])
        return cls(tuple(flat))

    def start(self) -> State:
        return {"of": {key: criterion.start() for key, criterion in self.keyed.items()}, "found": []}

    def restore(self, saved: Mapping[str, Any]) -> State:
        states = saved.get("of", {})
        return {
            "of": {key: criterion.restore(states.get(key, {})) for key, criterion in self.keyed.items()},
            "found": [key for key in saved.get("found", ()) if key in self.keyed],
        }

    def to_dict(self) -> dict[str, Any]:
        return {self.name: [criterion.to_dict() for criterion in self.criteria]}

    @property
    def metrics(self) -> frozenset[Metric]:
        return frozenset[Metric]().union(*(criterion.metrics for criterion in self.criteria))

    def directed(self, direction_of: DirectionOf) -> Self:
        return type(self)(tuple(criterion.directed(direction_of) for criterion in self.criteria))

    @functools.cached_property
    def keyed(self) -> dict[str, Criterion]:
        """Each criterion by its name, numbered from the second of a kind on."""
        keyed: dict[str, Criterion] = {}
        for criterion in self.criteria:
            same = sum(other.name == criterion.name for other in keyed.values())
            keyed[f"{criterion.name} {same + 1}" if same else criterion.name] = criterion
        return keyed

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        states, found, before = {}, [], state["of"]
        for key, criterion in self.keyed.items():
            states[key], finds = criterion.step(before[key], criterion.its(reading))
            if finds:
                found.append(key)
        return {"of": states, "found": found}, self._suffices(found)

    def findings(self, state: State, reading: Reading) -> list[Finding]:
        """What its criteria found at the latest epoch, the gravest first whatever the order of the criteria."""
        if not state["found"]:
            return []
        return _in_order(found_by(self.keyed[key], state["of"][key], reading) for key in state["found"])

    @abstractmethod
    def _suffices(self, found: Sequence[str]) -> bool:
        """Whether it finds something if these criteria do."""


@dataclass(frozen=True, repr=False)
class AnyOf(Composition):
    """Finds something as soon as one of its criteria does: the gravest finding."""

    def finding(self, state: State, reading: Reading) -> Finding:
        return self.findings(state, reading)[0]

    def _suffices(self, found: Sequence[str]) -> bool:
        return bool(found)

    def __repr__(self) -> str:
        return " | ".join(_bracketed(criterion) for criterion in self.criteria)


@dataclass(frozen=True, repr=False)
class AllOf(Composition):
    """Finds something when all of its criteria do at the same epoch."""

    def finding(self, state: State, reading: Reading) -> Finding:
        findings = self.findings(state, reading)
        return dataclasses.replace(
            findings[0],
            evidence=joined_evidence(findings),
            confidence=min(finding.confidence for finding in findings),
            found_by=tuple(dict.fromkeys(name for finding in findings for name in finding.found_by)),
            ends=findings[0].ends if all(finding.ends for finding in findings) else False,
        )

    def _suffices(self, found: Sequence[str]) -> bool:
        return len(found) == len(self.criteria)

    def __repr__(self) -> str:
        return " & ".join(_bracketed(criterion) for criterion in self.criteria)


def found_by(criterion: Criterion, state: State, reading: Reading) -> Finding:
    """A criterion's finding; unless it names criteria itself, it gets the name and metric of this one."""
    finding = criterion.finding(state, criterion.its(reading))
    name = " of ".join([criterion.name, *(metric.name for metric in criterion.metrics)])
    return finding if finding.found_by else dataclasses.replace(finding, found_by=(name,))


def overfitting_where_validated(evidence: Evidence, reading: Reading, confidence: float) -> Finding:
    """The finding for a loss that got worse: overfitting if it is a validation loss, else no verdict."""
    if not reading.has_validation:
        return Finding(evidence=evidence, confidence=confidence)
    return Finding(verdict=Verdict.OVERFITTING, evidence={**evidence, **rise_and_fall(reading)}, confidence=confidence)


def gravest(findings: Iterable[Finding]) -> Finding | None:
    """The finding with the gravest verdict; one that may end the training goes before those that are only reported."""
    return next(iter(_in_order(findings)), None)


def joined_evidence(findings: Sequence[Finding]) -> dict[str, float]:
    """The numbers of several findings: where two differ under one name, the first keeps it.

    The other is kept under its name after that of its criterion, as in ``patience.wait``.
    """
    evidence: dict[str, float] = {}
    for finding in findings:
        for name, value in finding.evidence.items():
            if evidence.setdefault(name, value) != value:
                evidence[f"{'&'.join(finding.found_by)}.{name}"] = value
    return evidence


def with_numbers(state: State, *names: str) -> State:
    """A restored state, once it is sure that the named values are numbers or None.

    Raises:
        TypeError: One is not.
    """
    for name in names:
        if not isinstance(state[name], int | float | None):
            raise TypeError(f"{state[name]!r} stands where {name} is a number")
    return state


def defined() -> list[type[Criterion]]:
    """Every criterion class that can be built; of one that was redefined, as in a notebook, only the latest."""
    return list({(kind.__module__, kind.__qualname__): kind for kind in _concrete(Criterion)}.values())


def _concrete(base: type[Any]) -> Iterator[type[Criterion]]:
    for kind in base.__subclasses__():
        yield from _concrete(kind)
        was_refused = _SHIPPED.get(kind.name, kind) is not kind
        if not was_refused and not getattr(kind, "__abstractmethods__", None):
            yield kind


def _like(fresh: Any, saved: Any) -> Any:
    """A saved value, if its type is that of the initial one; a value that is None at first may have any."""
    kind = (int, float) if isinstance(fresh, int | float) else type(fresh)
    if fresh is not None and not isinstance(saved, kind):
        raise TypeError(f"{saved!r} stands where {fresh!r} is at the start")
    return saved


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Grounds to end the training first, then by gravity and name; by the numbers only where all that is the same."""
    ordered = sorted(findings, key=_rank)
    if len({_rank(finding) for finding in ordered}) < len(ordered):
        ordered.sort(key=lambda finding: (*_rank(finding), sorted(finding.evidence.items())))
    return ordered


def _rank(finding: Finding) -> tuple[bool, int, tuple[str, ...]]:
    gravity = finding.verdict.gravity if finding.verdict is not None else 0
    return finding.ends is False, -gravity, finding.found_by


def _bracketed(criterion: Criterion) -> str:
    return f"({criterion!r})" if isinstance(criterion, Composition) else repr(criterion)
