"""What a user can set on a monitor: one declaration for Python, YAML, the command line and the docs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criterion import AnyOf, Criterion
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import check, setting
from convergence_callbacks.core.observation import as_number, is_finite
from convergence_callbacks.core.spec import criteria_from, known_criteria
from convergence_callbacks.core.verdict import STOP_ON_DEFAULT, Verdict

CriteriaSetting = Criterion | str | dict[str, Any] | list[Any] | None
"""A criterion, or what YAML can say of one: a name, a name with settings, or a list (any of them)."""

StopOnSetting = tuple[Verdict | str, ...] | list[Verdict | str]
"""Verdicts, or their names."""

_ELSEWHERE: Mapping[str, str] = {
    "patience": "write criteria=Patience({value!r})",
    "min_delta": "write criteria=Patience(…, min_delta={value!r})",
    "monitor": "write val_metric={value!r}, on a callback",
    "restore_best_weights": "write restore_best={value!r}, on a callback",
    "stopping_threshold": "write target_loss={value!r}",
    "divergence_threshold": "a loss that explodes is found without it; or write criteria=ExplodingLoss(…)",
    "check_finite": "a loss that is not finite is always found",
    "epochs": "write max_epochs={value!r}",
}
"""What to write for the arguments of other early stoppings."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a monitor; see each field's description.

    Raises:
        SettingsError: A value has a wrong type, is out of its range, or names what is not known.
    """

    max_epochs: int | None = setting("epochs the training may take; unknown when left out", None, ge=1)
    tolerance: float = setting(
        "stop when what is still to be gained is below this share of what was gained", 0.01, gt=0, lt=1
    )
    min_epochs: int = setting("never stop before this many epochs", 5, ge=0)
    mode: Literal["min", "max"] = setting("whether less (min) or more (max) of the judged metric is better", "min")
    baseline_loss: float | None = setting(
        "loss of a trivial predictor (class frequencies, or the mean); the first epochs stand in for it", None
    )
    target_loss: float | None = setting("stop as soon as the judged loss is at least this good", None)
    lr_schedule: Schedule | None = setting(
        "learning rate of each epoch, where known ahead: a list, or in Python a function of the epoch", None
    )
    stop_on: StopOnSetting = setting(
        "verdicts that end the training; the others are only told", tuple(v.value for v in STOP_ON_DEFAULT)
    )
    criteria: CriteriaSetting = setting("criteria that end the training; the default rule when left out", None)

    def __post_init__(self) -> None:
        check(self)
        if not (self.lr_schedule is None or _is_schedule(self.lr_schedule)):
            expected = "a list of numbers or a function of the epoch"
            raise SettingsError(f"lr_schedule must be {expected}, got {self.lr_schedule!r}", ("lr_schedule",))
        object.__setattr__(self, "stop_on", _verdicts(self.stop_on))
        try:
            object.__setattr__(self, "criteria", criteria_from(self.criteria))
        except SettingsError as error:
            raise error.below("criteria") from None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Of other settings, those that are declared here: what a callback hands to its monitor, for one."""
        return cls(**{field.name: getattr(settings, field.name) for field in dataclasses.fields(cls)})

    @classmethod
    def instead_of(cls, name: str, value: object) -> str:
        """What to write in place of a keyword that is no setting; empty where that is not known."""
        if name in _ELSEWHERE:
            return _ELSEWHERE[name].format(value=value)
        if name in known_criteria():
            return f"it is a criterion: write criteria={known_criteria()[name].__name__}(…)"
        return ""

    def criteria_and_limits(self) -> AnyOf | None:
        """The user's criteria and the limits among the settings, joined; None where there is none of them."""
        members = [self.criteria] if isinstance(self.criteria, Criterion) else []
        members += [MaxEpochs(self.max_epochs)] if self.max_epochs is not None else []
        members += [TargetLoss(self.target_loss)] if self.target_loss is not None else []
        return AnyOf.of(*members) if members else None


def _is_schedule(value: Any) -> bool:
    """Whether a value can be asked for the rate of an epoch; arrays of any library can."""
    if callable(value) or not hasattr(value, "__len__") or isinstance(value, str | Mapping):
        return callable(value)
    return all(is_finite(as_number(rate)) for rate in value)


def _verdicts(names: Any) -> tuple[Verdict, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise SettingsError(f"stop_on must be a list of verdicts, got {names!r}", ("stop_on",))
    known = [verdict.value for verdict in Verdict]
    for index, name in enumerate(names):
        if name not in known:
            raise SettingsError(unknown_name("verdict", name, known), ("stop_on", index))
    return tuple(Verdict(name) for name in names)
