"""What every criterion promises."""

from __future__ import annotations

import dataclasses
import doctest
import functools
import inspect
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

import convergence_callbacks
from convergence_callbacks.core.criterion import Composition, Criterion
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.spec import criteria_from
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.telling import describe
from convergence_callbacks.testing.curves import LearningCurve, exponential, overfitting, sleeper, step_drop
from convergence_callbacks.testing.promises import check_promise

EPOCHS = 40
CURVES = (
    exponential(EPOCHS, 5, noise=0.01),
    overfitting(EPOCHS, 12, noise=0.01),
    sleeper(EPOCHS, 15),
    step_drop(EPOCHS, 20),
)
"""The runs that every criterion is shown."""

UNITS = (2.0**-40, 2.0**30)
"""Factors of the loss, exact in binary so that not even the last digit differs."""

HOSTILE = (1.0, None, math.nan, math.inf, 0.5, -math.inf, 1e300, 1e-300, 0.0, -0.5, 0.25, "text", 0.25, 0.25) * 3
"""What a framework may log in the place of a loss; the lowest is −0.5."""

MOST_STATE = 16_000
"""Characters of JSON that the state of a monitor may take."""

MOST_ADVICE = 3
"""Sentences of advice at a stop."""


def fresh(criterion: Criterion, **settings: Any) -> Monitor:
    """A monitor that judges by a criterion alone, with each verdict a reason to stop and a clock of whole seconds."""
    ticks = map(float, itertools.count())
    return Monitor(criteria=criterion, stop_on=tuple(Verdict), min_epochs=0, clock=ticks.__next__, **settings)


def feed(monitor: Monitor, curve: LearningCurve, epochs: Iterable[int], sign: float = 1.0) -> list[Decision]:
    """The decisions at these epochs of a curve; the training goes on after a stop, as nobody ends it here."""
    return [
        monitor.update(
            step=epoch,
            train_loss=None if curve.train is None else sign * curve.train[epoch],
            val_loss=sign * curve.val[epoch],
            lr=None if curve.lr is None else curve.lr[epoch],
        )
        for epoch in epochs
    ]


@functools.lru_cache(maxsize=256)
def decided(criterion: Criterion, curve: LearningCurve) -> tuple[Decision, ...]:
    """The decision at each epoch of a curve, by a run that is never stopped."""
    return tuple(feed(fresh(criterion), curve, range(EPOCHS)))


def its_representation_builds_it_again(criterion: Criterion) -> None:
    """`repr` is the expression that made it."""
    names = {**vars(convergence_callbacks), **{type(each).__name__: type(each) for each in _parts(criterion)}}
    assert eval(repr(criterion), names) == criterion, f"{criterion!r} builds another one"


def what_yaml_can_say_of_it_builds_it_again(criterion: Criterion) -> None:
    """`to_dict` is plain, and is read as the same criterion."""
    spec = json.loads(json.dumps(criterion.to_dict()))
    assert criteria_from(spec) == criterion, f"{spec} builds another one"


def its_settings_can_not_be_changed(criterion: Criterion) -> None:
    """It is a frozen dataclass."""
    for field in _fields(criterion):
        try:
            setattr(criterion, field.name, 1)
        except dataclasses.FrozenInstanceError:
            continue
        raise AssertionError(f"{field.name} was set: write @dataclass(frozen=True)")


def its_settings_are_described(criterion: Criterion) -> None:
    """Each setting says what it is, for YAML and the docs."""
    for field in [] if isinstance(criterion, Composition) else _fields(criterion):
        assert field.metadata.get("description"), f"{field.name} has no description: declare it with `setting`"


def settings_out_of_range_are_refused_by_name(criterion: Criterion) -> None:
    """A value just outside the bounds of a setting raises a `SettingsError` that names it."""
    for field in _fields(criterion):
        for bound, beyond in (("ge", -1), ("gt", 0), ("lt", 0)):
            if bound in field.metadata:
                value = field.metadata[bound] + beyond
                try:
                    dataclasses.replace(criterion, **{field.name: value})  # type: ignore[type-var]  # it is a dataclass
                except SettingsError as error:
                    assert f"{field.name} must be" in str(error), f"the error does not name {field.name}: {error}"
                else:
                    raise AssertionError(f"{field.name}={value} was taken, though it is declared {bound}")


def it_says_when_it_ends_a_training(criterion: Criterion) -> None:
    """`stops_when` follows on "stop when …": lower case, no full stop."""
    words = describe(criterion)
    assert words and words[0].islower() and not words.endswith("."), f"stops_when reads {words!r}"


def its_docstring_says_what_it_finds_in_a_sentence(criterion: Criterion) -> None:
    """The first line of the docstring is a sentence."""
    documentation = inspect.getdoc(type(criterion)) or ""
    first = documentation.partition("\n")[0]
    assert first.endswith((".", ".)")), f"the docstring begins {first!r}"


def examples_in_its_docstring_run(criterion: Criterion) -> None:
    """Each example prints what it says."""
    for test in examples_of(type(criterion)):
        failures: list[str] = []
        failed, _ = doctest.DocTestRunner(verbose=False).run(test, out=failures.append)
        assert not failed, "".join(failures)


def a_run_restored_after_every_epoch_is_decided_as_if_never_stopped(criterion: Criterion) -> None:
    """Its state is plain, and all that it remembers."""
    for curve in CURVES:
        monitor = fresh(criterion)
        for epoch, expected in enumerate(decided(criterion, curve)):
            (decision,) = feed(monitor, curve, [epoch])
            assert decision.to_dict() == expected.to_dict(), f"restored after epoch {epoch - 1}: {curve}"
            state = json.dumps(monitor.state_dict(), allow_nan=False)
            monitor = fresh(criterion)
            monitor.load_state_dict(json.loads(state))


def the_unit_of_the_loss_changes_nothing(criterion: Criterion) -> None:
    """Stops and verdicts stay the same where all losses are multiplied by a number."""
    for curve, unit in itertools.product(CURVES, UNITS):
        scaled = feed(fresh(criterion), curve.scaled(unit), range(EPOCHS))
        assert _said(scaled) == _said(decided(criterion, curve)), f"losses times {unit}: {curve}"


def more_is_better_mirrors_less_is_better(criterion: Criterion) -> None:
    """A mirrored curve with ``mode="max"`` has the same stops, verdicts and best epochs."""
    for curve in CURVES:
        less, more = decided(criterion, curve), feed(fresh(criterion, mode="max"), curve, range(EPOCHS), sign=-1.0)
        assert _said(more) == _said(less), str(curve)
        assert [each.best_step for each in more] == [each.best_step for each in less], str(curve)


def no_value_makes_it_raise_and_nan_is_never_the_best(criterion: Criterion) -> None:
    """Whatever is logged in the place of a number, it judges on."""
    monitor = fresh(criterion)
    for value in HOSTILE:
        decision = monitor.update(train_loss=value, val_loss=value, lr=value)
        assert decision.best_value is None or math.isfinite(decision.best_value), f"{decision.best_value} is the best"
    assert decision.best_value == -0.5, f"the best is {decision.best_value}, not -0.5"


def its_state_does_not_grow(criterion: Criterion) -> None:
    """The state of a long run is bounded."""
    monitor, sizes = fresh(criterion), []
    rng = np.random.default_rng(0)
    for step in range(600):
        loss = 1 / (step + 1)
        monitor.update(train_loss=loss, val_loss=loss + rng.normal(0, 0.01), lr=0.1)
        sizes.append(len(json.dumps(monitor.state_dict())))
    assert max(sizes) < MOST_STATE * (1 + len(criterion.metrics)), f"its state takes {max(sizes)} characters"
    assert max(sizes[300:]) <= max(sizes[:300]) * 1.05, "its state grows with the epochs"


def a_stop_has_a_reason_with_numbers_and_the_best_epoch(criterion: Criterion) -> None:
    """Who reads of a stop learns why, from which numbers, and which epoch was the best."""
    for curve in CURVES:
        for decision in decided(criterion, curve):
            if decision.stop:
                assert any(map(str.isdigit, decision.reason)), f"a reason without a number: {decision}"
                assert decision.criterion and decision.evidence, f"a stop without evidence: {decision}"
                assert len(decision.advice) <= MOST_ADVICE, f"too much advice: {decision}"
                assert decision.advice or decision.step < 4, f"no advice: {decision}"
                assert decision.best_step == int(np.argmin(curve.val[: decision.step + 1])), f"{decision}: {curve}"


OF_ANY_UNIT = (the_unit_of_the_loss_changes_nothing, more_is_better_mirrors_less_is_better)
"""Promises that a criterion can't keep where a setting is in the unit of the user's loss."""

CRITERION_CHECKS: tuple[Callable[[Criterion], None], ...] = (
    its_representation_builds_it_again,
    what_yaml_can_say_of_it_builds_it_again,
    its_settings_can_not_be_changed,
    its_settings_are_described,
    settings_out_of_range_are_refused_by_name,
    it_says_when_it_ends_a_training,
    its_docstring_says_what_it_finds_in_a_sentence,
    examples_in_its_docstring_run,
    a_run_restored_after_every_epoch_is_decided_as_if_never_stopped,
    *OF_ANY_UNIT,
    no_value_makes_it_raise_and_nan_is_never_the_best,
    its_state_does_not_grow,
    a_stop_has_a_reason_with_numbers_and_the_best_epoch,
)
"""The promises, each a function of a criterion that raises where it is broken."""


def check_criterion(criterion: Criterion, *, in_any_unit: bool = True) -> None:
    """Check that a criterion keeps what every criterion promises.

    Args:
        criterion: The criterion, with settings with which it finds something in a run of 40 epochs.
        in_any_unit: Whether it finds the same whatever the unit of the loss: False for one that compares the loss
            with a value that the user set, as `TargetLoss` does.

    Raises:
        AssertionError: Names the promise that it breaks, and where.

    >>> from convergence_callbacks import Patience
    >>> check_criterion(Patience(3))
    """
    for check in CRITERION_CHECKS:
        if in_any_unit or check not in OF_ANY_UNIT:
            check_promise(check, repr(criterion), criterion)


def examples_of(kind: type[Criterion]) -> list[doctest.DocTest]:
    """The examples in the docstring of a criterion."""
    names = {**vars(sys.modules[kind.__module__]), **vars(convergence_callbacks)}
    return [test for test in doctest.DocTestFinder(recurse=False).find(kind, globs=names) if test.examples]


def _parts(criterion: Criterion) -> Iterator[Criterion]:
    """A criterion, or all that are joined in it."""
    yield criterion
    if isinstance(criterion, Composition):
        for part in criterion.criteria:
            yield from _parts(part)


def _fields(criterion: Criterion) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(criterion)  # type: ignore[arg-type]  # every criterion is a dataclass


def _said(decisions: Iterable[Decision]) -> list[tuple[bool, Verdict]]:
    return [(decision.stop, decision.verdict) for decision in decisions]
