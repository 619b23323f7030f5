import copy
import json
import math
import pickle
import sys
import threading

import numpy as np
import pytest

from convergence_callbacks import (
    Monitor,
    Observation,
    Patience,
    ProgressQuotient,
    SettingsError,
    StateError,
    TargetLoss,
    TimeBudget,
    UnstableLoss,
    Verdict,
)
from tests.curves import exponential, overfitting, show, stop_epoch


def feed(monitor, losses, **more):
    return [monitor.update(val_loss=loss, **more) for loss in losses]


def test_an_epoch_is_counted_from_zero_when_nobody_says():
    assert [d.step for d in feed(Monitor(), [1.0, 0.9])] == [0, 1]


@pytest.mark.parametrize("rates", [[5e-324] * 6 + [0.0] * 6, [0.1, -0.1] * 6, [1e-320] * 12, [-0.1] * 12])
def test_no_learning_rate_makes_it_raise(rates):
    for schedule in ([0.0] * 50, [0.1, -0.1] * 25, [5e-324] * 50):
        monitor = Monitor(lr_schedule=schedule, max_epochs=50)
        decisions = [monitor.update(val_loss=1 - 0.05 * epoch, lr=rate) for epoch, rate in enumerate(rates)]
        json.dumps(monitor.state_dict(), allow_nan=False)
        assert str(decisions[-1])


def test_the_best_is_the_lowest_loss_and_its_epoch():
    decision = feed(Monitor(), [1.0, 0.25, 0.5])[-1]
    assert (decision.best_value, decision.best_step) == (0.25, 1)


def test_the_best_is_the_highest_where_more_is_better():
    decision = feed(Monitor(mode="max"), [0.5, 0.9, 0.8])[-1]
    assert (decision.best_value, decision.best_step) == (0.9, 1)


def test_train_loss_is_judged_where_there_is_no_validation():
    monitor = Monitor()
    monitor.update(train_loss=1.0)
    assert monitor.update(train_loss=0.5).best_value == 0.5


def test_the_first_validation_loss_takes_over_from_train_loss():
    monitor = Monitor(criteria=Patience(2), min_epochs=0)
    for loss in (0.3, 0.1, 0.2):
        monitor.update(train_loss=loss)
    decision = monitor.update(train_loss=0.1, val_loss=0.9)
    assert (decision.best_value, decision.best_step, decision.stop) == (0.9, 3, False)


def test_once_validated_an_epoch_without_validation_is_only_missing():
    monitor = Monitor(criteria=Patience(2), min_epochs=0)
    feed(monitor, [1.0, 1.1])
    decision = monitor.update(train_loss=5.0)
    assert not decision.stop
    assert decision.evidence["missing_epochs"] == 1
    assert monitor.update(val_loss=1.2).stop  # the second judged epoch without improvement


def test_an_empty_validation_set_whose_mean_is_nan_does_not_end_a_healthy_run():
    monitor = Monitor()
    decisions = [monitor.update(train_loss=1 / (e + 1), val_loss=math.nan) for e in range(20)]
    assert not any(d.verdict is Verdict.DIVERGED for d in decisions)
    assert decisions[-1].best_value == 1 / 20


def test_a_loss_that_stays_nan_has_diverged():
    decisions = feed(Monitor(), [1.0, 0.8, 0.7, math.nan, math.nan, math.nan], train_loss=math.nan)
    assert [d.stop for d in decisions] == [False] * 5 + [True]
    assert decisions[-1].verdict is Verdict.DIVERGED
    assert decisions[-1].best_step == 2
    assert decisions[-1].evidence["non_finite_epochs"] == 3


def test_a_train_loss_that_stays_nan_has_diverged_also_between_validations():
    monitor = Monitor()
    decisions = [monitor.update(train_loss=t, val_loss=v) for t, v in [(1.0, 1.0), *[(math.nan, None)] * 5]]
    assert [d.verdict is Verdict.DIVERGED for d in decisions] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("between", [None, math.nan])
def test_what_a_run_looks_like_holds_in_epochs_without_a_validation_loss(between):
    monitor, curve = Monitor(stop_on=()), exponential(60, 4)
    for train, val in zip(curve.train, curve.val, strict=True):
        before = monitor.update(train_loss=train, val_loss=val)
        after = monitor.update(train_loss=train, val_loss=between)
        assert (after.verdict, after.confidence) == (before.verdict, before.confidence)
    assert after.verdict == "converged"


def test_one_nan_is_forgiven():
    decisions = feed(Monitor(), [1.0, math.nan, 0.8, math.inf, 0.6])
    assert not any(d.stop for d in decisions)
    assert decisions[-1].best_value == 0.6


def test_nan_in_the_first_epoch_is_never_the_best():
    decisions = feed(Monitor(), [math.nan, 0.8])
    assert decisions[0].best_step is None and decisions[0].best_value is None
    assert (decisions[1].best_step, decisions[1].best_value) == (1, 0.8)


def test_a_repeated_epoch_changes_nothing_and_is_reported():
    monitor = Monitor(criteria=Patience(2), min_epochs=0)
    feed(monitor, [1.0, 1.1])
    for _ in range(5):
        decision = monitor.update(val_loss=0.1, step=1)
    assert (decision.stop, decision.best_value, decision.evidence["repeated_epochs"]) == (False, 1.0, 5)


@pytest.mark.parametrize("step", ["first", math.nan, math.inf, None])
def test_a_step_that_is_no_number_is_the_one_after_the_last(step):
    monitor = Monitor()
    monitor.update(val_loss=1.0, step=4)
    assert monitor.update(val_loss=0.5, step=step).step == 5


def test_nothing_is_stopped_before_min_epochs_and_the_stop_is_not_latched():
    monitor = Monitor(criteria=Patience(2), min_epochs=6)
    decisions = feed(monitor, [1.0, 1.1, 1.2, 1.3, 0.5, 0.6, 0.7])
    assert [d.stop for d in decisions] == [False] * 6 + [True]


def test_min_epochs_counts_the_epoch_that_reaches_it():
    assert feed(Monitor(criteria=Patience(1), min_epochs=3), [1.0, 1.0, 1.0])[-1].stop


def test_a_budget_below_the_minimum_is_kept():
    assert [d.stop for d in feed(Monitor(max_epochs=3), [1.0, 0.5, 0.25])] == [False, False, True]


def test_a_monitor_goes_on_judging_after_its_stop():
    monitor = Monitor(criteria=Patience(1), min_epochs=0)
    assert [d.stop for d in feed(monitor, [1.0, 1.1, 0.5, 0.6])] == [False, True, False, True]


def test_reset_forgets_the_run_and_keeps_the_settings():
    monitor = Monitor(criteria=Patience(2), min_epochs=0)
    first = feed(monitor, [1.0, 1.1, 1.2])
    monitor.reset()
    assert monitor.decision is None
    assert feed(monitor, [1.0, 1.1, 1.2]) == first


def test_only_verdicts_in_stop_on_end_the_training():
    nan = [1.0, *[math.nan] * 9]
    decisions = feed(Monitor(stop_on=["converged"]), nan, train_loss=math.nan)
    assert decisions[-1].verdict is Verdict.DIVERGED
    assert not any(d.stop for d in decisions)


def test_a_limit_ends_the_training_whatever_the_verdict():
    assert feed(Monitor(max_epochs=3, stop_on=[], min_epochs=0), [1.0, 0.5, 0.25])[-1].stop
    assert feed(Monitor(target_loss=0.5, stop_on=[], min_epochs=0), [1.0, 0.5])[-1].criterion == "target_loss"


def test_limits_hold_beside_the_users_own_criteria():
    monitor = Monitor(criteria=Patience(50), max_epochs=4, min_epochs=0)
    assert [d.stop for d in feed(monitor, [1.0, 0.9, 0.8, 0.7])] == [False, False, False, True]


def test_the_budget_never_makes_an_improving_run_a_converged_one():
    decision = feed(Monitor(max_epochs=10), np.linspace(1, 0, 10))[-1]
    assert decision.stop and decision.verdict in {Verdict.IMPROVING, Verdict.FALSE_CONVERGENCE}


def test_a_target_is_in_the_users_unit():
    assert not feed(Monitor(mode="max", target_loss=0.9, min_epochs=0), [0.5, 0.89])[-1].stop
    assert feed(Monitor(mode="max", target_loss=0.9, min_epochs=0), [0.5, 0.91])[-1].stop


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_time_budget_counts_the_time_before_a_resume_but_not_the_break():
    clock = Clock()
    before = Monitor(criteria=TimeBudget(hours=1), min_epochs=0, clock=clock)
    clock.now += 3000
    assert not before.update(val_loss=1.0).stop
    clock.now += 50_000
    after = Monitor(criteria=TimeBudget(hours=1), min_epochs=0, clock=clock)
    after.load_state_dict(before.state_dict())
    clock.now += 599
    assert not after.update(val_loss=0.9).stop
    clock.now += 1
    assert after.update(val_loss=0.8).stop


def test_a_recorded_observation_is_judged_like_a_live_one():
    live, replayed = Monitor(criteria=Patience(2)), Monitor(criteria=Patience(2))
    for step, loss in enumerate([1.0, 0.5, 0.6, 0.7, 0.8, 0.9]):
        observation = Observation(step=step, val_loss=loss)
        assert live.update(val_loss=loss).to_dict() == replayed.observe(observation).to_dict()


def test_changed_settings_on_resume_are_the_users():
    before = Monitor(criteria=Patience(10), min_epochs=0)
    feed(before, [1.0, 1.1, 1.2])
    after = Monitor(criteria=Patience(3), min_epochs=0)
    after.load_state_dict(before.state_dict())
    decision = after.update(val_loss=1.3)
    assert decision.stop and decision.evidence["wait"] == 3


def test_criteria_that_are_new_on_resume_start_fresh_and_the_others_go_on():
    before = Monitor(criteria=Patience(3) | TargetLoss(0.1), min_epochs=0)
    feed(before, [1.0, 1.1])
    after = Monitor(criteria=TimeBudget(1) | Patience(3), min_epochs=0)
    after.load_state_dict(before.state_dict())
    assert [d.stop for d in feed(after, [1.2, 1.3])] == [False, True]


def test_a_resumed_monitor_knows_its_latest_decision():
    before, after = Monitor(), Monitor()
    last = feed(before, [1.0, 0.5])[-1]
    after.load_state_dict(before.state_dict())
    assert after.decision == last


@pytest.mark.parametrize(
    "state",
    [{}, {"version": 1}, {"version": 1, "mode": "min", "curve": None}, {"version": 1, "mode": "min", "curve": {}}],
)
def test_a_damaged_state_is_refused_and_changes_nothing(state):
    monitor = Monitor()
    feed(monitor, [1.0, 0.5])
    kept = monitor.state_dict()
    with pytest.raises(StateError, match="damaged"):
        monitor.load_state_dict(state)
    assert monitor.state_dict() == kept


@pytest.mark.parametrize(
    "damage",
    [
        {"non_finite": math.inf},
        {"elapsed": 10**400},
        {"criteria": {"of": {"patience": {"wait": "two"}}}},
        {"criteria": {"of": {"progress_quotient": {"train": 1.0}}}},
    ],
)
def test_a_state_with_a_value_that_can_not_be_is_refused(damage):
    monitor = Monitor(criteria=Patience(3) | ProgressQuotient())
    with pytest.raises(StateError, match="damaged"):
        monitor.load_state_dict({**monitor.state_dict(), **damage})


def test_a_state_of_a_newer_version_or_the_other_mode_is_refused():
    state = Monitor().state_dict()
    with pytest.raises(StateError, match="version 99"):
        Monitor().load_state_dict({**state, "version": 99})
    with pytest.raises(StateError, match="mode 'min'"):
        Monitor(mode="max").load_state_dict(state)


def test_the_state_is_a_copy():
    monitor = Monitor()
    feed(monitor, [1.0, 0.5])
    state = monitor.state_dict()
    kept = json.dumps(state)
    feed(monitor, [0.4, 0.3])
    assert json.dumps(state) == kept
    other = Monitor()
    other.load_state_dict(state)
    feed(other, [0.2])
    assert json.dumps(state) == kept


def test_a_monitor_can_be_copied_and_pickled_in_the_middle():
    curve = overfitting(40, 10)
    monitor = Monitor(criteria=Patience(4))
    show(monitor, curve, last=12)
    expected = [d.to_dict() for d in show(copy.deepcopy(monitor), curve, first=12)]
    assert [d.to_dict() for d in show(pickle.loads(pickle.dumps(monitor)), curve, first=12)] == expected


def test_its_representation_shows_what_was_changed():
    assert repr(Monitor(tolerance=0.05, criteria=Patience(3))) == (
        "Monitor(tolerance=0.05, criteria=Patience(patience=3, min_delta=0.0, warmup=0, cooldown=0))"
    )


def test_its_representation_builds_it_again():
    monitor = Monitor(max_epochs=9, stop_on=["converged", "diverged"], criteria=Patience(3) & TargetLoss(0.1))
    assert eval(repr(monitor)).settings == monitor.settings


def test_numbers_of_numpy_are_numbers():
    monitor = Monitor(max_epochs=np.int64(9), baseline_loss=np.float32(0.5), criteria=Patience(np.int32(3)))
    assert monitor.settings == Monitor(max_epochs=9, baseline_loss=0.5, criteria=Patience(3)).settings
    json.dumps({**monitor.settings.criteria.to_dict(), "baseline_loss": monitor.settings.baseline_loss})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": 0}, "tolerance must be above 0, got 0"),
        ({"tolerance": 1}, "tolerance must be below 1, got 1"),
        ({"tolerance": "1"}, "tolerance must be a number, got '1'"),
        ({"max_epochs": 0}, "max_epochs must be at least 1, got 0"),
        ({"max_epochs": 2.5}, "max_epochs must be a whole number, got 2.5"),
        ({"min_epochs": True}, "min_epochs must be a whole number, got True"),
        ({"mode": "mix"}, "mode must be 'auto', 'min' or 'max', got 'mix'"),
        ({"baseline_loss": math.nan}, "baseline_loss must be finite, got nan"),
        ({"stop_on": ["convergd"]}, "unknown verdict 'convergd'; did you mean 'converged'?"),
        ({"stop_on": "converged"}, "'nothing' or a list of verdicts such as [converged], got 'converged'"),
        ({"criteria": "patince"}, "unknown criterion 'patince'; did you mean 'patience'?"),
        ({"criteria": 3}, "a criterion is a name, or one name with its settings, got 3"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings, message):
    with pytest.raises(SettingsError) as error:
        Monitor(**settings)
    assert message in str(error.value)
    assert error.value.at[0] in settings


def test_a_run_that_is_fed_by_step_numbers_keeps_them_and_counts_its_epochs():
    monitor = Monitor(max_epochs=10, criteria=Patience(100))
    stops = [monitor.update(val_loss=1000 / step, step=step).stop for step in range(100, 1100, 100)]
    assert stops == [False] * 9 + [True]
    assert (monitor.decision.step, monitor.decision.best_step) == (1000, 1000)
    assert "the budget of 10 epochs" in monitor.decision.reason


def test_min_epochs_counts_epochs_where_steps_are_those_of_the_optimiser():
    monitor = Monitor(min_epochs=50, criteria=Patience(2))
    stops = [monitor.update(val_loss=1.0, step=1000 * epoch).stop for epoch in range(60)]
    assert stops.index(True) == 49


@pytest.mark.parametrize("apart", [1, 5, 20])
def test_epochs_that_are_validated_now_and_then_count_by_their_number(apart):
    steps = range(0, 101, apart)
    monitor = Monitor(max_epochs=100, criteria=Patience(1000))
    assert next(step for step in steps if monitor.update(val_loss=1 / (1 + step), step=step).stop) >= 99
    monitor = Monitor(min_epochs=40, criteria=Patience(1))
    assert next(step for step in steps if monitor.update(val_loss=1.0, step=step).stop) <= 40


def test_epochs_of_which_some_have_no_loss_count_too():
    monitor = Monitor(min_epochs=60, criteria=Patience(1))
    stops = [monitor.update(val_loss=None if step % 30 else 1.0).stop for step in range(100)]
    assert stops.index(True) == 60


def test_a_loop_that_goes_on_late_without_its_state_counts_by_the_numbers():
    monitor = Monitor(max_epochs=155, criteria=Patience(100))
    assert [monitor.update(val_loss=1.0, step=step).stop for step in range(150, 155)] == [False] * 4 + [True]


def test_steps_in_parts_of_epochs_are_counted_one_after_the_other():
    monitor = Monitor()
    decisions = [monitor.update(val_loss=1 - 0.05 * part, step=part / 4) for part in range(20)]
    assert [decision.step for decision in decisions] == list(range(20))
    assert "repeated_epochs" not in decisions[-1].evidence


def test_a_scheduled_rate_that_can_not_be_read_never_ends_the_training():
    def broken(epoch: int) -> float:
        raise RuntimeError("no such epoch")

    decisions = show(Monitor(lr_schedule=broken, max_epochs=100), exponential(60, 5))
    assert stop_epoch(decisions) is None or decisions[-1].best_value is not None


@pytest.mark.parametrize("stop_on", [["converged"], []])
def test_a_graver_finding_that_may_not_end_the_run_does_not_hide_one_that_may(stop_on):
    def ends(monitor):
        decisions = (monitor.update(train_loss=loss, val_loss=loss) for loss in [1.0, 2.0] * 10)
        return next((d.step, d.criterion) for d in decisions if d.stop)

    assert ends(Monitor(criteria=UnstableLoss() | Patience(12), stop_on=stop_on)) == (12, "patience")
    assert ends(Monitor(criteria=UnstableLoss(), max_epochs=18, stop_on=stop_on)) == (17, "max_epochs")


def test_a_budget_that_is_used_up_says_what_the_training_looks_like():
    monitor = Monitor(max_epochs=30)
    for epoch in range(30):
        decision = monitor.update(train_loss=2.3 - 0.0001 * epoch, val_loss=2.3 - 0.0001 * epoch, lr=1e-6)
    assert decision.stop and decision.criterion == "max_epochs" and decision.verdict == "false_convergence"
    assert decision.reason.startswith(
        "the budget of 30 epochs is used up; the loss still falls by 3.4% of the total gain an epoch"
    )
    assert "late_share" in decision.evidence and decision.advice


@pytest.mark.parametrize("schedule", [3, "0.1", {"a": 1}, ["low"], [0.1, None], [0.1, math.nan]])
def test_a_schedule_that_is_none_is_refused(schedule):
    expected = "a list of numbers, or in Python a function of the epoch|a number|finite"
    with pytest.raises(SettingsError, match=f"lr_schedule must be ({expected}), got "):
        Monitor(lr_schedule=schedule)


@pytest.mark.parametrize("schedule", [[0.1, 0.01], (0.1,), np.array([0.1, 0.01]), lambda epoch: 0.1])
def test_a_schedule_can_be_a_list_an_array_or_a_function(schedule):
    Monitor(lr_schedule=schedule).update(val_loss=1.0, lr=0.1)


def test_a_number_that_no_float_holds_is_refused():
    with pytest.raises(SettingsError, match="target_loss must be finite, got a larger number than any float"):
        Monitor(target_loss=10**400)


def in_threads(work, threads=4):
    """Run it in several threads that change places all the time; what they raised."""
    raised, interval = [], sys.getswitchinterval()

    def caught():
        try:
            work()
        except Exception as error:
            raised.append(error)

    started = [threading.Thread(target=caught) for _ in range(threads)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return raised


def test_threads_that_share_a_monitor_are_let_in_one_after_the_other():
    shared, alone = Monitor(max_epochs=60, clock=lambda: 0.0), Monitor(max_epochs=60, clock=lambda: 0.0)

    def train(monitor):
        for epoch in range(60):
            monitor.update(step=epoch, train_loss=0.9**epoch, val_loss=0.2 + 0.9**epoch)
            monitor.state_dict()
            monitor.forecast()

    train(alone)
    assert in_threads(lambda: train(shared)) == []
    assert shared.state_dict()["curve"] == alone.state_dict()["curve"]


def test_threads_that_count_no_epochs_lose_none():
    shared = Monitor()
    assert in_threads(lambda: [shared.update(val_loss=0.5) for _ in range(50)]) == []
    assert shared.decision.step == 199 and "repeated_epochs" not in shared.decision.evidence


def test_a_copy_of_a_monitor_has_a_lock_of_its_own():
    monitor = Monitor()
    for copied in (copy.deepcopy(monitor), pickle.loads(pickle.dumps(monitor))):
        assert copied._lock is not monitor._lock
        assert copied.update(val_loss=1.0).step == 0


def test_a_validation_loss_that_is_nan_from_the_first_epoch_ends_a_run_that_has_no_other():
    decisions = feed(Monitor(), [math.nan] * 5)
    assert decisions[-1].stop and decisions[-1].verdict is Verdict.DIVERGED
    assert decisions[-1].evidence["non_finite_epochs"] == 5 and "missing_epochs" not in decisions[-1].evidence


def test_a_validation_loss_that_is_nan_only_at_first_costs_nothing():
    monitor = Monitor(max_epochs=40)
    feed(monitor, [math.nan] * 2)
    assert feed(monitor, [0.9**epoch for epoch in range(6)])[-1].verdict is Verdict.IMPROVING
