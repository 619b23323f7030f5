import dataclasses
import itertools

import pytest

from convergence_callbacks import (
    AllOf,
    AnyOf,
    Default,
    Finding,
    GeneralizationLoss,
    MaxEpochs,
    Monitor,
    NonFiniteLoss,
    Patience,
    SettingsError,
    TargetLoss,
    Verdict,
)
from convergence_callbacks.core.criterion import gravest
from convergence_callbacks.core.fields import setting
from tests.curves import overfitting, show, stop_epoch


def test_any_of_stops_with_the_first_and_all_of_with_the_last():
    curve = overfitting(40, 10)
    short, long = Patience(3), Patience(8)
    first, last = (stop_epoch(show(Monitor(criteria=c), curve)) for c in (short, long))
    assert first < last
    assert stop_epoch(show(Monitor(criteria=short | long), curve)) == first
    assert stop_epoch(show(Monitor(criteria=short & long), curve)) == last


def test_all_of_needs_all_at_the_same_epoch():
    monitor = Monitor(criteria=TargetLoss(0.5) & MaxEpochs(3), min_epochs=0)
    assert [monitor.update(val_loss=v).stop for v in (0.4, 0.9, 0.9)] == [False, False, False]
    assert monitor.update(val_loss=0.5).stop


def test_all_of_is_as_sure_as_the_least_sure_of_its_criteria():
    monitor = Monitor(criteria=GeneralizationLoss(5.0) & MaxEpochs(2), min_epochs=0)
    monitor.update(val_loss=1.0)
    assert monitor.update(val_loss=2.0).confidence == 0.5


def test_all_of_reports_every_reason_and_number():
    monitor = Monitor(criteria=TargetLoss(0.5) & MaxEpochs(1), min_epochs=0)
    decision = monitor.update(val_loss=0.4)
    assert decision.reason == "the budget of 1 epoch is used up, and 0.4 has reached the target of 0.5"
    assert {"epochs": 1, "value": 0.4, "target": 0.5}.items() <= decision.evidence.items()


def test_the_order_of_criteria_changes_nothing():
    criteria = [Patience(3), GeneralizationLoss(10), TargetLoss(0.5), NonFiniteLoss()]
    curve = overfitting(40, 10)
    for join in (AnyOf, AllOf):
        decisions = {
            tuple(str(d) for d in show(Monitor(criteria=join.of(*order)), curve))
            for order in itertools.permutations(criteria)
        }
        assert len(decisions) == 1


def test_the_gravest_finding_is_reported():
    monitor = Monitor(criteria=Patience(1) | GeneralizationLoss(5.0), min_epochs=0)
    monitor.update(val_loss=1.0, train_loss=1.0)
    decision = monitor.update(val_loss=2.0, train_loss=0.5)
    assert (decision.verdict, decision.criterion) == (Verdict.OVERFITTING, "generalization_loss")


def test_what_is_only_reported_hides_no_ground_to_end_and_is_none_itself():
    reported_only, ground = (
        Finding(verdict=Verdict.UNSTABLE, ends=False),
        Finding(verdict=Verdict.CONVERGED),
    )
    assert gravest([reported_only, ground]) is ground and gravest([reported_only]) is reported_only
    monitor = Monitor(criteria=Default() & MaxEpochs(2), stop_on=["converged", "overfitting", "unstable"], min_epochs=0)
    assert not any(monitor.update(train_loss=loss, val_loss=loss).stop for loss in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4))


def test_joining_takes_in_what_is_joined_the_same_way():
    a, b, c = Patience(1), Patience(2), Patience(3)
    assert (a | b | c) == (a | (b | c)) == AnyOf((a, b, c))
    assert (a & b | c) == AnyOf((AllOf((a, b)), c))


def test_nested_compositions_are_shown_with_brackets():
    a, b, c = TargetLoss(0.1), TargetLoss(0.2), TargetLoss(0.3)
    assert repr((a | b) & c) == "(TargetLoss(target=0.1) | TargetLoss(target=0.2)) & TargetLoss(target=0.3)"


def test_two_criteria_of_a_kind_keep_states_of_their_own():
    monitor = Monitor(criteria=Patience(5) | Patience(3, warmup=20), min_epochs=0)
    decisions = [monitor.update(val_loss=1.0) for _ in range(7)]
    assert stop_epoch(decisions) == 5


@pytest.mark.parametrize("wrong", [(), ("patience",), (None,)])
def test_only_criteria_can_be_joined(wrong):
    with pytest.raises(SettingsError):
        AnyOf(tuple(wrong))


def test_criteria_of_one_kind_keep_their_states_apart():
    both = Patience(2) | Patience(4) | Patience(6)
    assert list(both.start()["of"]) == ["patience", "patience 2", "patience 3"]
    monitor = Monitor(criteria=Patience(2) & Patience(4), min_epochs=0)
    assert [monitor.update(val_loss=1.0).stop for _ in range(5)] == [False, False, False, False, True]


def test_the_docstring_of_a_criterion_lists_its_settings_as_they_are_declared():
    assert "    min_delta: Drop that an improvement exceeds" in Patience.__doc__
    assert "    of: Metric that it reads" in Patience.__doc__
    assert "Args:" not in AnyOf.__doc__


def test_a_criterion_without_a_docstring_gets_its_settings_too():
    @dataclasses.dataclass(frozen=True)
    class Longer(Patience):
        more: int = setting("epochs that are added", 1, ge=0)

    assert Longer.__doc__.startswith("longer\n\nArgs:\n")
    assert Longer.__doc__.count("    more: Epochs that are added; at least 0.\n") == 1
    assert Longer.__doc__.count("    warmup:") == 1
