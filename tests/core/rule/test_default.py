"""The default rule, what it is made of (expected_gain, overfitting, false_convergence), and generalization_gap."""

import numpy as np
import pytest

from convergence_callbacks import (
    Default,
    ExpectedGain,
    FalseConvergence,
    GeneralizationGap,
    Monitor,
    Observation,
    Overfitting,
)
from convergence_callbacks.core.rule import diagnosis, expected_gain
from convergence_callbacks.core.rule.guards import AFTER_SPIKE_EPOCHS, SURE, has_begun, recovers
from tests.curves import exponential, overfitting, show, step_drop, stop_epoch

pytestmark = pytest.mark.no_cover  # which makes it twice as slow


def show_all(monitor, train, val, rate=None):
    rate = np.full(len(val), 0.1) if rate is None else rate
    return [monitor.update(train_loss=t, val_loss=v, lr=r) for t, v, r in zip(train, val, rate, strict=True)]


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.02])
def test_a_run_that_can_not_settle_yet_is_looked_at_less_often_and_ends_as_soon(noise, monkeypatch):
    looks, stops, real = [], [], diagnosis.probabilities_of
    monkeypatch.setattr(
        diagnosis, "probabilities_of", lambda reading: looks.append(reading.curve.count) or real(reading)
    )
    for most in (1, 3):
        monkeypatch.setattr(expected_gain, "MOST_STRIDES", most)
        looks.clear()
        stops.append((stop_epoch(show(Monitor(max_epochs=600), exponential(600, 40, noise=noise))), len(looks)))
    (stop, all_looks), (stop_with_less, fewer_looks) = stops
    assert 0.9 * stop <= stop_with_less <= 1.02 * stop
    assert fewer_looks < 0.7 * all_looks


@pytest.mark.parametrize(
    ("val", "train", "begun"), [(13, 0, True), (12, 49, False), (0, 50, True), (12, np.nan, False)]
)
def test_a_run_has_begun_once_either_loss_has_clearly_fallen(val, train, begun):
    unknown = dict.fromkeys(("left_of_baseline", "train_left_of_baseline"), np.nan)
    assert has_begun({"val_clear": val, "train_clear": train, **unknown}) is begun


def test_a_noisy_validation_loss_does_not_keep_a_run_going_whose_train_loss_has_clearly_fallen():
    rng, epochs = np.random.default_rng(4), np.arange(200)
    fall = np.exp(-epochs / 4)
    train = 1 + 0.5 * fall + 0.002 * rng.standard_normal(200)
    val = 1.2 + 0.3 * fall + 0.03 * rng.standard_normal(200)
    assert stop_epoch(show_all(Monitor(max_epochs=200), train, val)) < 100


def test_a_curve_that_settles_has_converged():
    decisions = show(Monitor(), exponential(100, 5, noise=0.002))
    stop = decisions[stop_epoch(decisions)]
    assert stop.verdict == "converged" and stop.criterion == "expected_gain"
    assert stop.evidence["expected_gain"] < stop.evidence["tolerance"] == 0.01
    assert 15 < stop.step < 60


@pytest.mark.parametrize("finer", [0.05, 0.02, 0.01, 0.005])
def test_a_smaller_tolerance_never_stops_earlier(finer):
    curve = exponential(300, 12)
    coarse, fine = (stop_epoch(show(Monitor(tolerance=each), curve)) or 300 for each in (finer, finer / 2))
    assert coarse <= fine


def test_a_drop_of_the_rate_re_arms_the_rule():
    curve = step_drop(80, 25)
    informed = Monitor(lr_schedule=list(curve.lr), max_epochs=80)
    decisions = show(informed, curve)
    assert stop_epoch(decisions) > 25
    assert decisions[stop_epoch(decisions)].best_value < 0.25


def test_right_after_a_drop_nothing_is_judged():
    curve = step_drop(80, 20)
    monitor = Monitor(stop_on=[])
    decisions = show(monitor, curve)
    assert {d.verdict for d in decisions[21:23]} == {"improving"} and not any(d.stop for d in decisions)


def test_a_plateau_right_before_a_known_drop_is_not_judged():
    flat = 0.5 + 0.5 * np.exp(-np.arange(60) / 3)
    blind = stop_epoch(show_all(Monitor(max_epochs=60), flat - 0.05, flat))
    schedule = [0.1] * (blind + 3) + [0.01] * (57 - blind)
    knowing = stop_epoch(show_all(Monitor(lr_schedule=schedule, max_epochs=60), flat - 0.05, flat, schedule))
    assert knowing > blind + 3


def test_a_plateau_while_the_rate_warms_up_is_not_judged():
    losses, rates = np.full(60, 1.0) - 1e-6 * np.arange(60), np.linspace(1e-5, 0.1, 60)
    assert not any(d.stop for d in show_all(Monitor(), losses, losses, rates))


def test_a_rate_that_has_decayed_to_nothing_is_judged():
    t = np.arange(100)
    val, rate = 0.3 + np.exp(-t / 5), 0.1 * (1 + np.cos(np.pi * np.minimum(t, 40) / 40)) / 2 + 1e-9
    assert stop_epoch(show_all(Monitor(), val - 0.1, val, rate)) is not None


def test_a_validation_loss_that_rises_while_train_loss_falls_overfits():
    decisions = show(Monitor(criteria=Overfitting()), overfitting(60, 12, noise=0.003))
    stop = decisions[stop_epoch(decisions)]
    assert stop.verdict == "overfitting" and stop.evidence["validation_rise"] > 0.1
    assert f"since epoch {stop.best_step}" in stop.reason


def turned(train_fall):
    """Both losses fall until epoch 20; then validation loss is high, and train loss falls by a share of its gain."""
    t = np.arange(41)
    train = np.where(t <= 20, 1 - 0.05 * t, -train_fall)
    return train, np.where(t <= 20, 1 - 0.04 * t, 1.0)


def test_overfitting_is_reported_ten_epochs_after_the_best_at_the_earliest():
    assert stop_epoch(show_all(Monitor(criteria=Overfitting()), *turned(0.5))) == 30


def test_a_train_loss_that_hardly_falls_on_overfits_nothing():
    assert stop_epoch(show_all(Monitor(criteria=Overfitting()), *turned(0.015))) is None
    assert stop_epoch(show_all(Monitor(criteria=Overfitting()), *turned(0.03))) == 30


@pytest.mark.parametrize("seed", range(1, 8))
def test_a_rise_within_the_noise_is_no_overfitting(seed):
    t = np.arange(60)
    val = 0.3 + np.exp(-t / 3) + 0.07 * np.random.default_rng(seed).standard_normal(60)
    assert stop_epoch(show_all(Monitor(criteria=Overfitting()), np.exp(-t / 20), val)) is None


def test_a_rise_with_train_loss_is_no_overfitting():
    t = np.arange(60)
    both = 0.3 + np.exp(-t / 5) + 0.05 * np.maximum(0, t - 20)
    assert stop_epoch(show_all(Monitor(criteria=Overfitting()), both, both)) is None


def test_a_spike_that_is_on_its_way_back_is_no_overfitting():
    t = np.arange(80)
    val = 0.3 + np.exp(-t / 5) + 0.8 * np.exp(-np.maximum(0, t - 30) / 6) * (t >= 30)
    assert stop_epoch(show_all(Monitor(criteria=Overfitting()), np.exp(-t / 20), val)) is None


def test_without_validation_nothing_overfits():
    curve = overfitting(60, 12)
    monitor = Monitor(criteria=Overfitting())
    assert not any(monitor.update(train_loss=v).stop for v in curve.val)


def test_a_plateau_is_called_overfitting_when_the_gap_widens():
    t = np.arange(60)
    train = np.exp(-t / 15)
    flat = 0.3 + np.exp(-t / 3) + 0.006 * t
    stops = [d for d in show_all(Monitor(), train, flat) if d.stop and d.verdict == "overfitting"]
    assert stops and stops[-1].criterion == "expected_gain" and stops[-1].evidence["gap_widening"] > 0.05
    settled = next(d for d in show_all(Monitor(), 0.1 + np.exp(-t / 3), 0.3 + np.exp(-t / 3)) if d.stop)
    assert settled.verdict == "converged" and settled.evidence["gap_widening"] < 0.05


def slow(epochs, fall):
    return 2.3 - fall * np.arange(epochs)


def test_a_slow_and_steady_fall_is_false_convergence():
    decisions = show_all(Monitor(), slow(60, 1e-4), slow(60, 1e-4))
    assert decisions[-1].verdict == "false_convergence" and not decisions[-1].stop
    assert decisions[-1].advice[0] == "the learning rate looks about 100 times too low: try 10"
    assert "at this pace to gain as much again takes 59 epochs" in decisions[-1].advice[1]
    assert decisions[-1].evidence["late_share"] == pytest.approx(0.49, abs=0.02)


def test_it_is_reported_from_the_tenth_epoch_on_with_the_fall_of_an_epoch_in_runs_of_any_length():
    def shown(**settings):
        monitor = Monitor(criteria=FalseConvergence(), stop_on=["false_convergence"], **settings)
        return show_all(monitor, slow(300, 1e-4), slow(300, 1e-4))

    assert stop_epoch(shown()) == 100  # a hundredth of the gain an epoch; sooner only where zero is known
    decisions = shown(baseline_loss=2.3)
    assert stop_epoch(decisions) == 9
    assert [decisions[epoch].evidence["fall_per_epoch"] * 2.3 for epoch in (9, 299)] == pytest.approx(
        [1e-4, 1e-4], rel=1e-3
    )


def test_a_smooth_validation_loss_is_recognised_under_a_rough_train_loss():
    train = slow(60, 1e-4) + np.random.default_rng(0).normal(0, 0.003, 60)
    assert show_all(Monitor(), train, slow(60, 1e-4))[-1].verdict == "false_convergence"


def test_a_curve_that_gained_nearly_all_early_is_not():
    val = 0.1 + np.exp(-np.arange(60) / 4)
    assert show_all(Monitor(criteria=FalseConvergence(), stop_on=[]), val, val)[-1].verdict != "false_convergence"


def slow_after_a_fast_start(fast=0.5):
    t = np.arange(150)
    return 2.3 - fast * (1 - np.exp(-t / 5)) - 1e-3 * t, np.full(150, 1e-4)


def test_what_is_surely_slow_is_not_finished():
    """ExpectedGain alone would stop this run; the default rule does not while it is sure, unless the user says so."""
    losses, rate = slow_after_a_fast_start(0.1)
    assert stop_epoch(show_all(Monitor(criteria=ExpectedGain(0.3)), losses, losses, rate)) is not None
    rule = show_all(Monitor(criteria=Default(0.3)), losses, losses, rate)
    sure = [d.step for d in rule if d.verdict == "false_convergence" and d.confidence > SURE]
    assert sure and not any(rule[epoch].stop for epoch in sure)
    decisions = show_all(Monitor(criteria=Default(0.3), stop_on=["false_convergence"]), losses, losses, rate)
    assert stop_epoch(decisions) is not None


def test_what_is_likely_slow_ends_when_nothing_more_is_expected_and_is_reported_as_slow():
    losses, rate = slow_after_a_fast_start(0.2)
    decisions = show_all(Monitor(criteria=Default(0.3), max_epochs=60), losses, losses, rate)
    stop = decisions[stop_epoch(decisions)]
    assert (stop.verdict, stop.criterion) == ("false_convergence", "expected_gain") and stop.confidence < SURE
    assert "below the tolerance" in stop.reason and "times too low" in stop.advice[0]
    never = Monitor(criteria=Default(0.3), max_epochs=600, stop_on=["overfitting", "diverged"])
    assert stop_epoch(show_all(never, losses, losses, rate)) is None


def test_a_run_that_looks_slow_has_half_its_budget_to_begin_whatever_is_expected_of_it():
    losses, rate = slow_after_a_fast_start(0.2)
    alone, whole = (Monitor(criteria=rule(0.5), max_epochs=60) for rule in (ExpectedGain, Default))
    assert stop_epoch(show_all(alone, losses, losses, rate)) < 29
    assert stop_epoch(show_all(whole, losses, losses, rate)) == 29


def test_a_wide_generalisation_gap_is_found_after_three_epochs():
    train, val = np.r_[1.0, [0.1] * 10], np.r_[1.0, [0.4, 0.7, 0.7, 0.5, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]]
    monitor = Monitor(criteria=GeneralizationGap(0.9, 3), min_epochs=0)
    decisions = show_all(monitor, train, val)
    assert stop_epoch(decisions) == 7
    assert decisions[7].verdict == "overfitting"


def test_a_gap_is_no_share_of_a_gain_that_is_not_there_and_must_exceed_its_share():
    def stop(losses, train):
        monitor = Monitor(criteria=GeneralizationGap(0.5, 1), min_epochs=0)
        return stop_epoch([monitor.update(train_loss=train, val_loss=loss) for loss in losses])

    assert stop([1.0] * 5, train=0.5) is None
    assert stop([1.0, 0.5, 0.5], train=0.25) is None
    assert stop([1.0, 0.5, 0.5], train=0.24) == 1


def test_without_train_loss_there_is_no_gap():
    monitor = Monitor(criteria=GeneralizationGap(0.01, 1), min_epochs=0)
    assert not any(monitor.update(val_loss=v).stop for v in (1.0, 0.5, 0.4))


def test_a_network_that_rests_at_the_trivial_level_is_not_ended_before_its_horizon():
    t = np.arange(60)
    noise = np.random.default_rng(0).normal(0, 0.002, 60)
    flat = 0.69 + 0.06 * np.exp(-t / 2) + noise  # from a poor start to the level of a trivial predictor
    assert stop_epoch(show_all(Monitor(max_epochs=300, baseline_loss=0.69), flat - 0.01, flat)) is None


def test_two_losses_that_rest_near_their_start_are_given_half_the_budget_to_begin():
    """A poor start, then the level of a trivial predictor: a tenth was gained, and nothing learnt."""
    t = np.arange(300)
    rest = 0.69 + 0.07 * np.exp(-t / 3) + np.random.default_rng(0).normal(0, 0.002, 300)

    def stop(budget):
        monitor = Monitor(criteria=ExpectedGain(), max_epochs=budget, baseline_loss=0.69)
        return stop_epoch(show_all(monitor, rest - 0.02, rest))

    assert all(stop(budget) >= budget // 2 - 1 for budget in (100, 200, 300))
    assert (stop(None) or 300) >= 149


def test_a_budget_of_a_few_epochs_is_spent_before_a_run_that_rests_is_given_up():
    t = np.arange(40)
    rest = 0.69 + 0.07 * np.exp(-t) + np.random.default_rng(0).normal(0, 0.001, 40)
    monitor = Monitor(criteria=ExpectedGain(0.1), max_epochs=40, baseline_loss=0.69)
    assert stop_epoch(show_all(monitor, rest - 0.02, rest)) >= 29


def test_a_blown_up_start_is_no_measure_of_what_is_left_to_gain():
    """The loss comes down from 70,000 within ten epochs, and learns from there."""
    t = np.arange(120)
    learns = 1 + 0.5 * np.exp(-t / 40) + np.random.default_rng(0).normal(0, 0.01, 120)
    blown_up = learns + 70_000 * np.exp(-1.2 * t)
    assert (stop_epoch(show_all(Monitor(max_epochs=120), blown_up - 0.1, blown_up)) or 120) >= 59


def test_what_never_leaves_its_first_level_ends_as_not_learning_after_its_horizon():
    train, val = 2.3 + np.random.default_rng(0).normal(0, 0.002, (2, 200))
    monitor = Monitor(max_epochs=200)
    decisions = (monitor.update(train_loss=t, val_loss=v, lr=0.1) for t, v in zip(train, val, strict=True))
    stopped = next(decision for decision in decisions if decision.stop)
    assert (stopped.criterion, stopped.verdict) == ("not_learning", "not_learning")
    assert 39 <= stopped.step <= 102


@pytest.mark.parametrize("rate", [None, 0.001])
@pytest.mark.parametrize("train", [0.6931, None])
def test_a_constant_loss_is_never_unstable_and_ends_as_not_learning(train, rate):
    monitor = Monitor()
    decisions = [monitor.update(train_loss=train, val_loss=0.6931, lr=rate) for _ in range(160)]
    assert decisions[stop_epoch(decisions)].verdict == "not_learning"
    assert "unstable" not in {decision.verdict for decision in decisions}


@pytest.mark.parametrize("budget", [None, 1000])
def test_a_run_that_has_rested_for_long_ends_whatever_its_budget(budget):
    curve = exponential(300, 4, noise=0.002)
    assert stop_epoch(show(Monitor(max_epochs=budget), curve)) < 130


@pytest.mark.parametrize("height", [0.5, 4.0])
def test_a_spike_ends_no_run_in_the_middle_of_its_recovery(height):
    t, rng = np.arange(140), np.random.default_rng(0)
    base = 1.7 + 6 / np.sqrt(t + 1) + 0.01 * rng.standard_normal(140)
    spike = np.where(t >= 90, height * 0.8 ** np.maximum(t - 90, 0), 0.0)
    without, with_spike = (stop_epoch(show_all(Monitor(), loss, loss)) or 140 for loss in (base, base + spike))
    assert with_spike >= without or (with_spike > 90 + AFTER_SPIKE_EPOCHS and spike[with_spike] < 0.01)


def test_a_loss_that_jumps_time_and_again_recovers_from_nothing():
    t = np.arange(40)
    once, again = 1 / (1 + t) + 5.0 * (t == 38), 1 / (1 + t) + 5.0 * (t % 8 == 7)

    def reading(losses):
        monitor = Monitor()
        return [monitor.read(Observation(step=e, val_loss=float(loss))) for e, loss in enumerate(losses)][-1]

    assert recovers(reading(once)) and not recovers(reading(again)) and not recovers(reading(1 / (1 + t)))


def test_a_rate_that_warms_up_keeps_a_run_going_that_looks_settled():
    losses = 0.1 + np.exp(-np.arange(90) / 3)
    blind = stop_epoch(show_all(Monitor(), losses, losses))
    rates = 0.001 * (1 + np.minimum(np.arange(90), blind + 20))
    assert (stop_epoch(show_all(Monitor(), losses, losses, rates)) or 90) > blind + 20


@pytest.mark.parametrize("is_known", [False, True])
def test_a_cycle_of_the_rate_is_not_ended_where_the_rate_is_at_its_top(is_known):
    t = np.arange(200)
    share = np.where(t < 60, t / 60 + 0.01, (1 + np.cos(np.pi * (t - 60) / 140)) / 2)
    noise = 0.01 * np.random.default_rng(0).standard_normal(200)
    val = 0.3 + 0.7 * 0.97**t + 0.35 * share * (1 - 0.97**t) + noise
    monitor = Monitor(max_epochs=200, lr_schedule=list(0.1 * share)) if is_known else Monitor()
    stop = stop_epoch(show_all(monitor, 0.9 * val, val, 0.1 * share))
    assert stop is None or stop > 120
    if is_known:
        assert val[: stop + 1].min() < 0.4  # of .81 at the top of the rate


@pytest.mark.parametrize("fall", [0.1, 0.04])  # the less is within the luck of the first epochs
def test_a_run_that_overfits_from_its_first_epoch_is_no_run_that_learns_nothing(fall):
    epochs, rng = np.arange(100), np.random.default_rng(1)
    train = 0.9 * np.exp(-epochs / 8) + 0.05 + rng.normal(0, 0.003, 100)
    val = 0.4 + fall * np.exp(-epochs / 2) + 0.004 * epochs + rng.normal(0, 0.01, 100)
    decisions = show_all(Monitor(max_epochs=100, stop_on=[]), train, val)
    assert {decision.verdict for decision in decisions[50:]} == {"overfitting"}


def test_a_line_that_ends_at_a_rate_of_zero_hides_no_slow_run():
    rate = np.minimum(1e-6, 2.5e-8 * np.arange(60, 0, -1))
    slow = 2.3 - 1e-3 * np.cumsum(rate / rate[0])
    decisions = show_all(Monitor(max_epochs=60, lr_schedule=list(rate)), slow, slow + 0.01, rate)
    assert decisions[-1].verdict == "false_convergence"
