"""Where a training is going: well-defined at any epoch, free of units, honest about what it does not know."""

import dataclasses
import json
import math

import numpy as np
import pytest

from convergence_callbacks import Estimate, Monitor
from convergence_callbacks.telling.forecast import numbers_of, shown_of
from tests.curves import LearningCurve, exponential, overfitting, show


def forecast(curve, epochs, of="judged", **settings):
    monitor = Monitor(**{"max_epochs": len(curve.val), **settings})
    show(monitor, curve, last=epochs)
    return monitor.forecast(of)


def test_it_says_where_the_loss_ends_and_when_with_intervals_in_order():
    curve = exponential(100, 20, noise=0.004)
    predicted = forecast(curve, 40)
    for each in (predicted.end, predicted.asymptote, predicted.epochs_left, *(level for _, level in predicted.path)):
        assert each.low <= each.value <= each.high
    assert predicted.end.low <= np.median(curve.val[-5:]) <= predicted.end.high
    assert predicted.step == 39 and predicted.path[-1] == (99.0, predicted.end)
    assert predicted.epochs_left.low >= 0 and predicted.epochs_left.high <= 60


def test_it_is_reported_from_the_fifth_epoch_on():
    curve = exponential(50, 8)
    assert forecast(curve, 4) is None
    assert forecast(curve, 5) is not None
    assert Monitor().forecast() is None


def test_it_narrows_as_the_end_comes_nearer():
    curve = exponential(120, 15, noise=0.004)
    widths = [
        predicted.end.high - predicted.end.low for predicted in (forecast(curve, epochs) for epochs in (12, 40, 90))
    ]
    assert widths[0] > widths[1] > widths[2]


def test_at_the_end_of_the_budget_nothing_is_left():
    predicted = forecast(exponential(50, 8), 50)
    assert predicted.epochs_left == Estimate(0, 0, 0) and predicted.path == ()
    assert predicted.end.low == predicted.end.high


def test_without_a_budget_the_end_is_unknown_and_the_long_run_is_reported():
    predicted = forecast(exponential(50, 8, noise=0.004), 50, max_epochs=None)
    assert predicted.end is None
    assert predicted.asymptote.low <= 0.1 <= predicted.asymptote.high + 0.01
    assert predicted.path[-1][0] == pytest.approx(499)


@pytest.mark.parametrize("factor", [1e-9, 1e6])
def test_the_unit_changes_nothing(factor):
    curve = overfitting(60, 12, noise=0.004)
    here, there = forecast(curve, 30), forecast(curve.scaled(factor), 30)
    assert there.end.value == pytest.approx(factor * here.end.value, rel=1e-4)
    assert there.epochs_left == here.epochs_left and there.rate.kind == here.rate.kind


@pytest.mark.parametrize("by", [-3.0, -100.0])
def test_a_negative_loss_is_not_taken_to_end_at_zero(by):
    curve = exponential(80, 8, noise=0.004).raised(by)
    predicted = forecast(curve, 40)
    assert predicted.end.low <= np.median(curve.val[-4:]) <= predicted.end.high < 0


def test_a_loss_that_was_never_negative_is_shown_to_stay_so():
    said = forecast(exponential(60, 10, floor=0.0), 12)
    assert said.asymptote.low < 0 == shown_of(said).asymptote.low
    assert numbers_of(said)["forecast_loss_low"] >= 0 and "-" not in str(said).split("t^")[0]
    assert all(level.low >= 0 for _, level in shown_of(said).path)
    assert shown_of(forecast(exponential(60, 10, floor=0.0).raised(-3.0), 12)).asymptote.low < -3


def test_more_can_be_better():
    losses = exponential(60, 8, noise=0.003)
    accuracy = LearningCurve("accuracy", 1 - 0.5 * losses.val)
    predicted = forecast(accuracy, 20, mode="max")
    assert predicted.end.low <= predicted.end.value <= predicted.end.high
    assert predicted.end.value > accuracy.val[19] - 0.02


def test_the_train_loss_is_forecast_when_asked_for():
    curve = overfitting(60, 12, noise=0.004)
    judged, train = forecast(curve, 30), forecast(curve, 30, of="train")
    assert train.end.low <= np.median(curve.train[-3:]) <= train.end.high < judged.end.value
    assert forecast(LearningCurve("alone", curve.val), 30, of="train") is None


def test_it_is_the_same_after_a_resume():
    curve, first, second = exponential(80, 10, noise=0.004), Monitor(max_epochs=80), Monitor(max_epochs=80)
    show(first, curve, last=30)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert second.forecast() == first.forecast()


def test_it_changes_nothing_of_the_run():
    curve, asked, unasked = exponential(60, 10, noise=0.004), Monitor(max_epochs=60), Monitor(max_epochs=60)
    for epoch in range(60):
        show(asked, curve, first=epoch, last=epoch + 1)
        asked.forecast()
    show(unasked, curve)
    assert asked.state_dict() == {**unasked.state_dict(), "elapsed": asked.state_dict()["elapsed"]}


def test_a_run_that_is_no_number_any_more_has_none():
    monitor = Monitor(max_epochs=50)
    show(monitor, exponential(20, 5))
    assert monitor.forecast() is not None
    monitor.update(val_loss=math.nan, train_loss=0.1)
    assert monitor.forecast() is None


@pytest.mark.parametrize(
    "losses",
    [[0.0] * 12, [1e99] * 12, [-1e100, 1e100] * 6, [5e-324] * 12, [1e-300 * e for e in range(12)], [1.0] * 5 + [9e99]],
    ids=["zero", "huge", "swinging", "least", "minute", "explosion"],
)
def test_hostile_losses_raise_nothing(losses):
    monitor = Monitor(max_epochs=50)
    for loss in losses:
        monitor.update(train_loss=loss, val_loss=loss)
    for of in ("judged", "train"):
        predicted = monitor.forecast(of)
        assert all(math.isfinite(number) for number in dataclasses.astuple(predicted.end))
        assert str(predicted)


def test_with_validation_every_fifth_epoch_the_forecast_is_in_epochs():
    monitor, losses = Monitor(max_epochs=200), exponential(20, 4)
    for place, loss in enumerate(losses.val):
        monitor.update(step=5 * place + 4, val_loss=loss)
    predicted = monitor.forecast()
    assert predicted.path[-1][0] == pytest.approx(199)
    assert predicted.epochs_left.high <= 100


def test_a_run_longer_than_the_curve_s_memory_has_one():
    predicted = forecast(exponential(400, 20, noise=0.004), 300)
    assert predicted.end.low <= 0.1 <= predicted.end.high + 0.005


def test_it_reads_as_a_line():
    predicted = forecast(exponential(100, 15, noise=0.004), 30)
    left = predicted.epochs_left
    assert predicted.eta == f"ETA ≈ {left.value:.0f} epochs ({left.low:.0f}–{left.high:.0f})"
    assert dataclasses.replace(predicted, epochs_left=Estimate(0.6, 0.9, 1.4)).eta == "ETA ≈ 1 epoch"
    assert str(predicted).startswith(f"{predicted.eta} | at the end ") and " | in the long run " in str(predicted)


def test_its_numbers_have_names():
    said = forecast(exponential(100, 15, noise=0.004), 30)
    assert numbers_of(said)["epochs_left_high"] == said.epochs_left.high
    assert numbers_of(said)["forecast_loss"] == said.end.value
