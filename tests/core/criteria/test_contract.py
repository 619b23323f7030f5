"""What every criterion promises. A new one is put through all of this by being in its folder."""

import dataclasses
import doctest
import functools
import inspect
import json
import math
import sys

import numpy as np
import pytest

import convergence_callbacks
from convergence_callbacks import AllOf, AnyOf, Criterion, Monitor, Patience, SettingsError, TargetLoss
from convergence_callbacks.core.criterion import Composition
from convergence_callbacks.core.spec import criteria_from, known_criteria
from convergence_callbacks.telling import describe
from tests.curves import exponential, overfitting, sleeper, step_drop

ALL_VERDICTS = tuple(convergence_callbacks.Verdict)
HOSTILE = [1.0, None, math.nan, math.inf, 0.5, -math.inf, 1e300, 1e-300, 0.0, -0.5, 0.25, "text", 0.25, 0.25] * 3


def example(kind: type[Criterion]) -> Criterion:
    """A criterion with its defaults, and a small number where there is none."""
    if issubclass(kind, Composition):
        return kind.of(Patience(3), TargetLoss(0.5))
    required = [field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
    return kind(**dict.fromkeys(required, 1))


PUBLIC = [
    kind for name, kind in sorted(known_criteria().items()) if kind.__module__.startswith("convergence_callbacks")
]
CRITERIA = [example(kind) for kind in PUBLIC]
EPOCHS = 40
CURVES = [
    exponential(EPOCHS, 5, noise=0.01),
    overfitting(EPOCHS, 12, noise=0.01),
    sleeper(EPOCHS, 15),
    step_drop(EPOCHS, 20),
]

each_criterion = pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion.name)
each_curve = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)

pytestmark = pytest.mark.no_cover  # which makes it twice as slow


def fresh(criterion: Criterion, **settings) -> Monitor:
    return Monitor(
        criteria=criterion, stop_on=ALL_VERDICTS, min_epochs=0, clock=iter(range(10_000)).__next__, **settings
    )


def feed(monitor, curve, epochs, sign=1.0):
    return [
        monitor.update(
            step=int(e),
            train_loss=sign * curve.train[e],
            val_loss=sign * curve.val[e],
            lr=None if curve.lr is None else curve.lr[e],
        )
        for e in epochs
    ]


@functools.cache
def told(criterion, curve):
    """What is decided in each epoch of a curve, by a run that is never stopped."""
    return feed(fresh(criterion), curve, range(EPOCHS))


@each_criterion
def test_it_is_public_and_listed(criterion):
    assert type(criterion).__name__ in convergence_callbacks.__all__


@each_criterion
def test_its_representation_builds_it_again(criterion):
    assert eval(repr(criterion), vars(convergence_callbacks)) == criterion


@each_criterion
def test_what_yaml_can_say_of_it_builds_it_again(criterion):
    spec = json.loads(json.dumps(criterion.to_dict()))
    assert criteria_from(spec) == criterion


@each_criterion
def test_its_settings_can_not_be_changed(criterion):
    for field in dataclasses.fields(criterion):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(criterion, field.name, 1)


@each_criterion
def test_its_settings_are_described(criterion):
    if not isinstance(criterion, Composition):
        assert all(field.metadata["description"] for field in dataclasses.fields(criterion))


@each_criterion
def test_settings_out_of_range_are_refused_by_name(criterion):
    for field in dataclasses.fields(criterion):
        for bound, wrong in (("ge", -1), ("gt", 0), ("lt", 1)):
            if bound in field.metadata:
                limit = field.metadata[bound]
                with pytest.raises(SettingsError, match=f"{field.name} must be"):
                    dataclasses.replace(criterion, **{field.name: limit + wrong if bound == "ge" else limit})


@each_criterion
def test_it_says_when_it_ends_a_training(criterion):
    words = describe(criterion)
    assert words and words[0].islower() and not words.endswith(".")


@each_criterion
def test_its_docstring_tells_a_story_that_runs(criterion):
    documentation = inspect.getdoc(type(criterion)) or ""
    assert documentation.splitlines()[0].endswith((".", ")."))
    module = sys.modules[type(criterion).__module__]
    finder = doctest.DocTestFinder(recurse=False)
    examples = finder.find(type(criterion), globs=vars(module).copy() | vars(convergence_callbacks))
    assert isinstance(criterion, Composition) or any(test.examples for test in examples), "no example in its docstring"


@each_criterion
@each_curve
def test_a_run_restored_after_every_epoch_is_decided_as_if_never_stopped(criterion, curve):
    monitor = fresh(criterion)
    for epoch, expected in enumerate(told(criterion, curve)):
        (decision,) = feed(monitor, curve, [epoch])
        assert decision.to_dict() == expected.to_dict(), f"restored after epoch {epoch - 1}: {curve}"
        state = json.dumps(monitor.state_dict(), allow_nan=False)
        monitor = fresh(criterion)
        monitor.load_state_dict(json.loads(state))


@each_criterion
@each_curve
@pytest.mark.parametrize("factor", [2.0**-40, 2.0**30])
def test_the_unit_of_the_loss_changes_nothing(criterion, curve, factor):
    if isinstance(criterion, Composition | TargetLoss):  # a target is set in the user's own unit
        return
    scaled = feed(fresh(criterion), curve.scaled(factor), range(EPOCHS))
    assert [(d.stop, d.verdict) for d in told(criterion, curve)] == [(d.stop, d.verdict) for d in scaled], str(curve)


@each_criterion
@each_curve
def test_more_is_better_mirrors_less_is_better(criterion, curve):
    if isinstance(criterion, Composition | TargetLoss):
        return
    less = told(criterion, curve)
    more = feed(fresh(criterion, mode="max"), curve, range(EPOCHS), sign=-1.0)
    assert [(d.stop, d.verdict, d.best_step) for d in less] == [(d.stop, d.verdict, d.best_step) for d in more], str(
        curve
    )


@each_criterion
def test_no_value_makes_it_raise_and_nan_is_never_the_best(criterion):
    monitor = fresh(criterion)
    for value in HOSTILE:
        decision = monitor.update(train_loss=value, val_loss=value, lr=value)
        assert decision.best_value is None or math.isfinite(decision.best_value)
    assert decision.best_value == -0.5


@each_criterion
def test_its_state_does_not_grow(criterion):
    monitor, sizes = fresh(criterion), []
    rng = np.random.default_rng(0)
    for step in range(600):
        monitor.update(train_loss=1 / (step + 1), val_loss=1 / (step + 1) + rng.normal(0, 0.01), lr=0.1)
        sizes.append(len(json.dumps(monitor.state_dict())))
    assert max(sizes) < 16_000
    assert max(sizes[300:]) <= max(sizes[:300]) * 1.05


@each_criterion
@each_curve
def test_a_stop_has_a_reason_with_numbers_and_the_best_epoch(criterion, curve):
    for decision in told(criterion, curve):
        if decision.stop:
            assert any(character.isdigit() for character in decision.reason), decision
            assert decision.criterion and decision.evidence
            assert len(decision.advice) <= 3, decision
            assert decision.advice or decision.step < 4, decision
            assert decision.best_step == int(np.argmin(curve.val[: decision.step + 1]))


def test_compositions_of_everything_step_together():
    for join in (AnyOf, AllOf):
        feed(fresh(join.of(*CRITERIA)), CURVES[0], range(EPOCHS))
