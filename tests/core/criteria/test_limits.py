"""Criteria that keep a limit and judge nothing: max_epochs, target_loss, time_budget."""

import pytest

from convergence_callbacks import MaxEpochs, Monitor, TargetLoss, TimeBudget


def test_the_budget_ends_with_its_last_epoch():
    monitor = Monitor(criteria=MaxEpochs(3), min_epochs=0)
    assert [monitor.update(val_loss=1.0 / (e + 1)).stop for e in range(4)] == [False, False, True, True]


def test_epochs_that_brought_nothing_count_for_the_budget():
    monitor = Monitor(max_epochs=3, min_epochs=0)
    assert [monitor.update(val_loss=None).stop for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(("mode", "values"), [("min", [0.6, 0.51, 0.5]), ("max", [0.4, 0.49, 0.5])])
def test_a_target_is_reached_when_it_is_met_exactly(mode, values):
    monitor = Monitor(criteria=TargetLoss(0.5), min_epochs=0, mode=mode)
    decisions = [monitor.update(val_loss=v) for v in values]
    assert [d.stop for d in decisions] == [False, False, True]
    assert decisions[-1].evidence["target"] == 0.5 and decisions[-1].evidence["value"] == 0.5


def test_a_target_is_not_reached_by_an_old_value():
    monitor = Monitor(criteria=TargetLoss(0.5), min_epochs=0, stop_on=[])
    assert monitor.update(val_loss=0.4).stop
    assert not monitor.update(val_loss=None).stop


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def test_the_time_budget_counts_the_time_before_a_resume_and_not_the_pause():
    def monitor():
        return Monitor(criteria=TimeBudget(hours=1), min_epochs=0, clock=clock)

    clock = Clock()
    first = monitor()
    clock.seconds = 1800
    assert not first.update(val_loss=1.0).stop
    clock.seconds = 1_000_000  # a pause of days
    second = monitor()
    second.load_state_dict(first.state_dict())
    clock.seconds += 1799
    assert not second.update(val_loss=0.9).stop
    clock.seconds += 1
    decision = second.update(val_loss=0.8)
    assert decision.stop and decision.criterion == "time_budget"


def test_without_a_clock_there_is_no_time(monkeypatch):
    monkeypatch.setattr(Monitor, "default_clock", None)
    monitor = Monitor(criteria=TimeBudget(hours=1e-9), min_epochs=0)
    assert not monitor.update(val_loss=1.0).stop
