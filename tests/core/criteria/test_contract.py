"""Every criterion that ships is put through what every criterion promises; a new one is, by being in its folder."""

import dataclasses

import pytest

import convergence_callbacks
from convergence_callbacks import AllOf, AnyOf, Criterion, Patience, TargetLoss
from convergence_callbacks.core.criterion import Composition
from convergence_callbacks.core.fields import fields_of, is_setting
from convergence_callbacks.core.spec import known_criteria
from convergence_callbacks.telling import describe
from convergence_callbacks.testing import CRITERION_CHECKS
from convergence_callbacks.testing.criterion import CURVES, EPOCHS, OF_ANY_UNIT, feed, fresh


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

each_criterion = pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion.name)

pytestmark = pytest.mark.no_cover  # which makes it twice as slow


@each_criterion
@pytest.mark.parametrize("check", CRITERION_CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_promise(criterion, check):
    in_its_own_unit = isinstance(criterion, Composition | TargetLoss)  # a target is set in the user's own unit
    if not (in_its_own_unit and check in OF_ANY_UNIT):
        check(criterion)


@each_criterion
def test_it_is_public_and_listed(criterion):
    assert type(criterion).__name__ in convergence_callbacks.__all__


@each_criterion
def test_its_docstring_lists_each_of_its_settings(criterion):
    docstring = type(criterion).__doc__
    assert all(f"\n    {field.name}: " in docstring for field in fields_of(criterion) if is_setting(field))


@each_criterion
def test_it_says_when_it_stops_in_words_with_its_settings_filled_in(criterion):
    words = describe(criterion)
    assert words and not set("{}[]") & set(words)


def test_compositions_of_everything_step_together():
    for join in (AnyOf, AllOf):
        feed(fresh(join.of(*CRITERIA)), CURVES[0], range(EPOCHS))
