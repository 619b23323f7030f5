"""A criterion may read another metric than the judged one: alone, and beside criteria that read the loss."""

import json
import math

import pytest

from convergence_callbacks import (
    GeneralizationLoss,
    MetricNotFoundError,
    Monitor,
    NonFiniteLoss,
    Patience,
    SettingsError,
    SuccessiveIncreases,
    TargetLoss,
    UnstableLoss,
    Verdict,
)
from convergence_callbacks.core.criterion import MetricCriterion, defined
from convergence_callbacks.core.spec import criteria_from
from convergence_callbacks.telling import describe
from convergence_callbacks.testing import check_criterion
from convergence_callbacks.testing.criterion import HOSTILE

LOSSES = [1.0, 0.8, 0.6, 0.5, 0.55, 0.56, 0.57, 0.58, 0.59, 0.6]
SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6]
"""The loss rests from epoch 3 on, the score from epoch 5 on."""

READS_ONE_CURVE = [Patience, SuccessiveIncreases, GeneralizationLoss, TargetLoss, NonFiniteLoss, UnstableLoss]


def stop_of(criteria, **more):
    monitor = Monitor(criteria=criteria, min_epochs=0, stop_on="any", **more)
    for loss, score in zip(LOSSES, SCORES, strict=True):
        if (decision := monitor.update(val_loss=loss, val_f1=score)).stop:
            return decision
    return None


def test_a_run_ends_only_when_all_metrics_rest():
    assert stop_of(Patience(2)).step == 5
    assert stop_of(Patience(2, of="val_f1")).step == 7
    both = stop_of(Patience(2, of="val_f1") & Patience(2))
    assert (both.step, both.best_step) == (7, 3)  # what is judged is still the loss
    assert both.found_by == ("patience", "patience of val_f1")
    assert "no improvement for 4 epochs (patience 2), and val_f1: no improvement for 2 epochs" in both.reason
    assert stop_of(Patience(2, of="val_f1") | Patience(2)).step == 5


def test_more_of_a_score_is_better_unless_the_criterion_says_otherwise():
    assert stop_of(Patience(2, of="val_f1", mode="min")).step == 2
    assert stop_of(TargetLoss(0.5, of="val_f1")).step == 4
    assert "val_f1: 0.5 has reached the target of 0.5" in stop_of(TargetLoss(0.5, of="val_f1")).reason


def test_one_metric_may_be_read_both_ways():
    assert stop_of(Patience(2, of="val_f1", mode="min") & Patience(2, of="val_f1")).step == 7


def test_the_losses_can_be_named_too():
    monitor = Monitor(criteria=Patience(2, of="train_loss"), min_epochs=0)
    stops = [monitor.update(train_loss=t, val_loss=v).stop for t, v in [(1, 1), (0.9, 0.9), (0.95, 0.8), (0.96, 0.7)]]
    assert stops == [False, False, False, True]


def test_another_spelling_is_found():
    assert stop_of(Patience(2, of="val/f1")).step == 7
    assert stop_of(Patience(2, of="f1")).step == 7


def test_it_is_written_in_yaml_after_the_settings_of_the_criterion():
    spec = {"patience": {"patience": 5, "min_delta": 0.0, "warmup": 0, "cooldown": 0, "of": "val_f1"}}
    assert Patience(5, of="val_f1").to_dict() == spec
    assert criteria_from({"patience": {"patience": 5, "of": "val_q", "mode": "max"}}) == Patience(
        5, of="val_q", mode="max"
    )
    assert criteria_from({"patience": 5}) == Patience(5)  # the first setting alone is still its own
    assert "of" not in Patience(5).to_dict()["patience"] and "of" not in repr(Patience(5))


def test_whoever_reads_one_curve_takes_another_metric():
    kinds = [kind for kind in defined() if issubclass(kind, MetricCriterion) and "tests" not in kind.__module__]
    assert {*kinds} == {*READS_ONE_CURVE}


@pytest.mark.parametrize("kind", READS_ONE_CURVE)
def test_it_keeps_the_contract_where_it_names_a_metric(kind):
    first = {TargetLoss: 0.3}.get(kind)
    criterion = kind(of="val_loss") if first is None else kind(first, of="val_loss")
    check_criterion(criterion, in_any_unit=False)
    assert describe(criterion).startswith("val_loss ") and describe(criterion).count("loss") == 1


def test_a_verdict_of_another_metric_names_it():
    monitor = Monitor(criteria=NonFiniteLoss(2, of="val_kl"), min_epochs=0)
    for kl in (0.5, math.nan, math.nan):
        decision = monitor.update(val_loss=1.0, val_kl=kl)
    assert (decision.stop, decision.verdict) == (True, Verdict.DIVERGED)
    assert "val_kl: non finite loss" in decision.reason


def test_a_metric_that_is_measured_now_and_then_counts_its_own_measurements():
    monitor = Monitor(criteria=Patience(2, of="val_fid"), min_epochs=0)
    stops = [monitor.update(val_loss=1.0, val_fid=9.0 if epoch % 5 == 0 else None).stop for epoch in range(11)]
    assert stops.index(True) == 10


def test_a_run_restored_after_every_epoch_is_decided_as_if_never_stopped():
    criteria = Patience(3, of="val_f1") & Patience(2)
    whole, parts = Monitor(criteria=criteria, min_epochs=0), Monitor(criteria=criteria, min_epochs=0)
    for loss, score in zip(LOSSES, SCORES, strict=True):
        expected = whole.update(val_loss=loss, val_f1=score)
        assert parts.update(val_loss=loss, val_f1=score) == expected
        saved, parts = json.loads(json.dumps(parts.state_dict(), allow_nan=False)), parts.fresh()
        parts.load_state_dict(saved)
        assert parts.state_dict() == saved
    assert expected.stop


def test_a_state_without_the_metric_is_taken_and_one_with_others_forgets_them():
    plain, naming = Monitor(), Monitor(criteria=Patience(3, of="val_f1"))
    plain.update(val_loss=1.0)
    naming.load_state_dict(plain.state_dict())
    naming.update(val_loss=0.9, val_f1=0.5)
    plain.load_state_dict(naming.state_dict())
    assert plain.state_dict()["metrics"] == []


def test_its_state_is_bounded():
    monitor = Monitor(criteria=Patience(10_000, of="val_f1"))
    sizes = []
    for step in range(2000):
        monitor.update(val_loss=1 / (step + 1), val_f1=step / 2000)
        sizes.append(len(json.dumps(monitor.state_dict())))
    assert max(sizes) < 32_000 and max(sizes[1000:]) <= 1.05 * max(sizes[:1000])


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_no_value_of_a_metric_makes_it_raise(value):
    monitor = Monitor(criteria=Patience(3, of="val_f1") | TargetLoss(0.9, of="val_f1"), min_epochs=0)
    monitor.update(val_loss=1.0, val_f1=0.5)
    assert not monitor.update(val_loss=0.9, val_f1=value).stop or (isinstance(value, int | float) and value >= 0.9)
    json.dumps(monitor.state_dict(), allow_nan=False)


def test_a_metric_that_is_missing_is_an_error_before_anything_is_lost():
    monitor = Monitor(criteria=Patience(5, of="val_f1") & Patience(5))
    with pytest.raises(MetricNotFoundError, match=r"'val_f1'; did you mean 'val_f2'.*Known: val_f2, val_loss.*of="):
        monitor.update(val_loss=1.0, val_f2=0.3)


def test_a_direction_that_nobody_knows_is_an_error_that_names_what_to_set():
    with pytest.raises(SettingsError, match=r"'val_quality'.*set mode='min' or mode='max' beside of='val_quality'"):
        Monitor(criteria=Patience(5, of="val_quality") & Patience(5))
    Monitor(criteria=Patience(5, of="val_quality", mode="max"))


def test_a_mode_of_no_metric_is_refused():
    with pytest.raises(SettingsError, match="name it with of"):
        Patience(5, mode="max")
    with pytest.raises(SettingsError, match="of must be a text"):
        Patience(5, of=3)
