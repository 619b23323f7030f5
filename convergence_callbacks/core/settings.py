"""What a user can set on a monitor: one declaration for Python, YAML, the command line and the docs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criterion import AnyOf, Criterion
from convergence_callbacks.core.curve.reading import Metric
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import Kind, check, must_be, setting
from convergence_callbacks.core.observation import as_number, is_finite
from convergence_callbacks.core.spec import criteria_from, known_criteria
from convergence_callbacks.core.verdict import STOP_ON, WHEN_UNSURE, Verdict

CriteriaSetting = Criterion | str | dict[str, Any] | list[Any] | None
"""A criterion, or what YAML can say of one: a name, a name with settings, or a list (any of them)."""

StopOnSetting = Literal["finished", "any", "nothing"] | tuple[Verdict | str, ...] | list[Verdict | str]
"""A word of `STOP_ON`, or verdicts, or their names."""

A_CRITERION = {"$ref": "#/$defs/Criterion"}
"""A criterion in the JSON schema: a reference to the list of them all."""


ELSEWHERE: dict[str, str] = {}
"""What to write in place of an argument of another early stopping; the package sets it."""


def _rate_errors(name: str, value: Any) -> Iterator[SettingsError]:
    if callable(value):
        return
    if not hasattr(value, "__len__") or isinstance(value, str | Mapping):  # arrays of any library have a length
        yield must_be(name, RATES.words, value)
        return
    for index, rate in enumerate(value):
        if is_finite(as_number(rate)) and not isinstance(rate, str | bool):
            continue
        expected = "finite" if isinstance(rate, int | float) and not isinstance(rate, bool) else "a number"
        yield must_be(f"item {index + 1} of {name}", expected, rate, (index,))


def _verdict_errors(name: str, value: Any) -> Iterator[SettingsError]:
    names = [verdict.value for verdict in Verdict]
    if isinstance(value, str) and value not in STOP_ON:
        yield must_be(name, VERDICTS.words + (f" such as [{value}]" if value in names else ""), value)
    elif isinstance(value, Mapping) or not isinstance(value, Iterable):
        yield must_be(name, VERDICTS.words, value)
    elif not isinstance(value, str):
        for index, verdict in enumerate(value):
            if verdict not in names:
                yield SettingsError(unknown_name("verdict", verdict, names), (index,))


def _verdicts(value: Any) -> tuple[Verdict, ...]:
    return STOP_ON[value] if isinstance(value, str) else tuple(map(Verdict, value))


def _criteria_errors(_: str, value: Any) -> Iterator[SettingsError]:
    try:
        criteria_from(value)
    except SettingsError as error:
        yield error


RATES = Kind(
    "a list of numbers, or in Python a function of the epoch",
    ({"type": "array", "items": {"type": "number"}},),
    _rate_errors,
)
VERDICTS = Kind(
    f"{', '.join(map(repr, STOP_ON))} or a list of verdicts",
    ({"enum": list(STOP_ON)}, {"type": "array", "items": {"enum": [verdict.value for verdict in Verdict]}}),
    _verdict_errors,
    _verdicts,
)
CRITERIA = Kind(
    "a criterion, or a list of them",
    (A_CRITERION, {"type": "array", "items": A_CRITERION, "minItems": 1}),
    _criteria_errors,
    criteria_from,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a monitor; see each field's description.

    Raises:
        SettingsError: A value has a wrong type, is out of its range, or names what is not known.
    """

    max_epochs: int | None = setting("epochs the training may take; unknown when left out", None, ge=1, example=100)
    tolerance: float = setting(
        "stop when what is still to be gained is below this share of what was gained", 0.01, gt=0, lt=1
    )
    min_epochs: int = setting("never stop before this many epochs", 5, ge=0)
    start_from_epoch: int = setting(
        "epochs at the start that count neither for the best nor for patience nor for a verdict", 0, ge=0
    )
    mode: Literal["auto", "min", "max"] = setting(
        "whether less (min) or more (max) of the judged metric is better; auto: as its framework or its name says",
        "auto",
    )
    baseline_loss: float | None = setting(
        "loss of a trivial predictor (class frequencies, or the mean); the first epochs stand in for it",
        None,
        example=0.69,  # of two classes that are equally frequent
    )
    target_loss: float | None = setting("stop as soon as the judged loss is at least this good", None, example=0.1)
    lr_schedule: Schedule | None = setting(
        "learning rate of each epoch, if known ahead", None, kind=RATES, example=[0.1, 0.1, 0.01]
    )
    stop_on: StopOnSetting = setting(
        f"verdicts that end the training: finished ({', '.join(STOP_ON['finished'])}), any (all but improving), "
        f"nothing, or a list; the others are only reported, and {WHEN_UNSURE}",
        "finished",
        kind=VERDICTS,
    )
    criteria: CriteriaSetting = setting(
        "criteria that end the training; the default rule when left out", None, kind=CRITERIA
    )

    callbacks = ", on a callback"
    """Said of settings that only callbacks have."""

    def __post_init__(self) -> None:
        check(self)

    @property
    def direction(self) -> Literal["min", "max"]:
        """Which way the judged metric improves; unless the user or its name says otherwise, it is a loss."""
        return "max" if self.mode == "max" else "min"

    @property
    def sign(self) -> float:
        """1, or -1 where more of the judged metric is better: user's value = sign × loss."""
        return -1.0 if self.direction == "max" else 1.0

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that criteria name."""
        return sorted(self.criteria.metrics) if isinstance(self.criteria, Criterion) else []

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of other settings that this class declares, such as what a callback passes to its monitor."""
        return cls(**{field.name: getattr(settings, field.name) for field in dataclasses.fields(cls)})

    @classmethod
    def instead_of(cls, name: str, value: object) -> str:
        """What to write in place of an unknown keyword; empty where nobody knows."""
        if name in ELSEWHERE:
            return ELSEWHERE[name].format(value=value, where=cls.callbacks)
        if name in known_criteria():
            return f"it is a criterion: write criteria={known_criteria()[name].__name__}(…)"
        return ""

    def criteria_and_limits(self) -> AnyOf | None:
        """The user's criteria and the limits among the settings, joined; None where there is none of them."""
        members = [self.criteria] if isinstance(self.criteria, Criterion) else []
        members += [MaxEpochs(self.max_epochs)] if self.max_epochs is not None else []
        members += [TargetLoss(self.target_loss)] if self.target_loss is not None else []
        return AnyOf.of(*members) if members else None
