"""The fitted diagnosis distinguishes its classes, avoids known traps, and keeps its state."""

import json

import numpy as np
import pytest

from convergence_callbacks import Default, Monitor, NotLearning, StateError, Verdict
from convergence_callbacks.core.rule import diagnosis
from convergence_callbacks.core.rule.guards import SURE, WASTED_EPOCHS
from tests.curves import overfitting, sketch, stop_epoch

BROKEN = {Verdict.UNSTABLE, Verdict.NOT_LEARNING, Verdict.DIVERGED}
EPOCHS = np.arange(100)


def decisions_on(train, val, rate=0.01, **settings):
    monitor = Monitor(max_epochs=len(val), **settings)
    rates = np.broadcast_to(rate, len(val))
    return [monitor.update(train_loss=t, val_loss=v, lr=r) for t, v, r in zip(train, val, rates, strict=True)]


def noise(size, seed=0):
    return size * np.random.default_rng(seed).standard_normal(len(EPOCHS))


def sound(floor=0.2, constant=8.0):
    """Train and validation loss of a run that converges."""
    fall = np.exp(-EPOCHS / constant)
    return floor + fall + noise(0.004), floor + 0.03 + fall + noise(0.006, 1)


def warmed_up():
    train, val = sound()
    rate = 0.01 * np.minimum(1.0, (1 + EPOCHS) / 15)
    later = np.maximum(0, EPOCHS - 12)
    return train[later], val[later], rate


def dropped():
    train, val = sound(floor=0.4)
    fall = 0.2 * (1 - np.exp(-np.maximum(0, EPOCHS - 50) / 4))
    return train - fall, val - fall, np.where(EPOCHS < 50, 0.01, 0.001)


TRAPS = {
    "a plain run": (*sound(), 0.01),
    "dropout puts train loss above validation loss": (sound()[0] + 0.15, sound()[1], 0.01),
    "fifty validation examples are noise": (sound()[0], sound()[1] + noise(0.05, 2), 0.01),
    "the learning rate drops": dropped(),
    "the learning rate warms up": warmed_up(),
    "log-likelihoods below zero": (sound()[0] - 2, sound()[1] - 2, 0.01),
    "a tiny loss": (1e-7 * sound()[0], 1e-7 * sound()[1], 0.01),
    "a floor far above zero": (sound(floor=2.0)[0], sound(floor=2.0)[1], 0.01),
    "the usual rate of fine-tuning": (*sound(), 1e-5),
    "an unknown rate": (*sound(), np.nan),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_healthy_run_is_not_called_broken(trap):
    decisions = decisions_on(*TRAPS[trap], stop_on=[])
    called = [decision.verdict for decision in decisions[30:]]
    assert sum(verdict in BROKEN for verdict in called) <= 3, sketch(TRAPS[trap][1])
    assert called[-1] not in BROKEN


def test_its_classes_are_distinguished():
    assert decisions_on(*sound(), stop_on=[])[-1].verdict == "converged"
    curve = overfitting(100, 12, noise=0.01)
    assert decisions_on(curve.train, curve.val, stop_on=[])[-1].verdict == "overfitting"
    slow = 2.3 - 1e-3 * EPOCHS
    assert decisions_on(slow + noise(1e-4), slow + noise(1e-4, 1), 1e-5, stop_on=[])[-1].verdict == "false_convergence"
    memorised = 2.3 * np.exp(-EPOCHS / 30)
    assert decisions_on(memorised, 2.3 + 0.01 * EPOCHS + noise(0.02), stop_on=[])[-1].verdict == "not_learning"


def test_before_five_epochs_a_run_improves():
    assert [d.verdict for d in decisions_on(np.ones(9), np.ones(9), stop_on=[])[:4]] == ["improving"] * 4
    assert decisions_on(np.ones(9), np.ones(9))[3].confidence == 0.0


def test_a_straight_fall_whose_epochs_run_out_needed_a_larger_rate():
    line = np.linspace(1, 0.2, 40)
    last = decisions_on(line, line)[-1]
    assert last.verdict == "false_convergence" and "still falls by 2" in last.reason


def test_without_validation_nothing_overfits():
    curve = overfitting(100, 12)
    monitor = Monitor(stop_on=[])
    assert "overfitting" not in {monitor.update(train_loss=loss).verdict for loss in curve.val}


def test_what_is_reported_has_words_numbers_and_a_probability():
    for decision in decisions_on(*sound(), stop_on=[])[5:]:
        assert any(map(str.isdigit, decision.reason)) and 0 < decision.confidence <= 1


def test_probabilities_are_smoothed_and_a_verdict_stays_until_another_is_clearly_more_probable():
    state = {"probabilities": [0.4, 0.6, 0.0, 0.0, 0.0, 0.0], "verdict": "improving"}
    near = diagnosis.smoothed(state, [0.46, 0.54, 0.0, 0.0, 0.0, 0.0])
    assert near["probabilities"][:2] == pytest.approx([0.43, 0.57]) and near["verdict"] == "converged"
    back = diagnosis.smoothed(near, [0.6, 0.4, 0.0, 0.0, 0.0, 0.0])
    assert back["probabilities"][0] > back["probabilities"][1] and back["verdict"] == "converged"


def test_a_run_that_has_settled_is_one_of_the_others_and_surer_for_it():
    settled = diagnosis.once_settled({"probabilities": [0.5, 0.3, 0.1, 0.1, 0.0, 0.0], "verdict": "improving"})
    assert settled["verdict"] == "converged" and diagnosis.confidence(settled) == pytest.approx(0.6)
    named = diagnosis.once_settled({"probabilities": [0.5, 0.3, 0.1, 0.1, 0.0, 0.0], "verdict": "overfitting"})
    assert named["verdict"] == "overfitting"


@pytest.mark.parametrize(("had_hard_start", "verdict"), [(False, "false_convergence"), (True, "converged")])
def test_a_run_that_was_called_slow_is_doubted_only_once_it_has_had_its_time_to_begin(had_hard_start, verdict):
    state = {"probabilities": [0.4, 0.3, 0.2, 0.1, 0.0, 0.0], "verdict": "false_convergence"}
    assert diagnosis.once_settled(state, had_hard_start=had_hard_start)["verdict"] == verdict


@pytest.mark.parametrize(("broken", "verdict"), [(0.49, "converged"), (0.51, "unstable")])
def test_a_run_is_called_broken_only_where_that_is_likelier_than_not(broken, verdict):
    probabilities = [0.0] * 6
    probabilities[diagnosis.VERDICTS.index(Verdict.UNSTABLE)] = broken
    probabilities[diagnosis.VERDICTS.index(Verdict.CONVERGED)] = 0.4
    probabilities[diagnosis.VERDICTS.index(Verdict.OVERFITTING)] = 0.6 - broken
    assert diagnosis.once_settled({"probabilities": probabilities, "verdict": "improving"})["verdict"] == verdict


@pytest.mark.parametrize("wrong", [[0.5], ["a"] * 6, [float("nan")] * 6])
def test_damaged_probabilities_are_refused(wrong):
    monitor = Monitor()
    for _ in range(6):
        monitor.update(val_loss=1.0)
    state = json.loads(json.dumps(monitor.state_dict()))
    state["diagnosis"]["diagnosis"]["probabilities"] = wrong
    with pytest.raises(StateError):
        Monitor().load_state_dict(state)


def test_a_long_run_is_looked_at_a_bin_at_a_time(monkeypatch):
    calls, real = [], diagnosis.probabilities_of
    monkeypatch.setattr(diagnosis, "probabilities_of", lambda reading: calls.append(1) or real(reading))
    monitor = Monitor()
    for epoch in range(1000):
        monitor.update(train_loss=1 / (1 + epoch), val_loss=1 / (1 + epoch))
    assert len(calls) < 330


def test_overfitting_ends_no_run_merely_because_it_is_named():
    curve = overfitting(100, 12, noise=0.01)
    decisions = decisions_on(curve.train, curve.val)
    assert any(d.verdict == "overfitting" and not d.stop for d in decisions)
    assert stop_epoch(decisions) < 60


def test_a_run_that_learns_nothing_is_ended_after_its_horizon_where_that_is_probable():
    val = 2.3 + np.abs(noise(0.01)) + 0.005 * EPOCHS
    decisions = decisions_on(2.3 * np.exp(-EPOCHS / 40) + noise(0.02, 1), val)
    stop = decisions[stop_epoch(decisions)]
    assert stop.verdict == "not_learning" and stop.confidence > 0.6 and stop.step >= 39
    horizon = decisions_on(2.3 * np.exp(-EPOCHS / 40), val, criteria=NotLearning(), stop_on=["not_learning"])
    assert stop.step >= stop_epoch(horizon)


@pytest.mark.parametrize("listed", [False, True])
def test_a_run_that_is_surely_unstable_goes_on_for_a_while_unless_the_user_says_otherwise(listed):
    rng = np.random.default_rng(0)
    losses = np.r_[2.5, 3.0 + np.abs(rng.normal(0, 1.5, 99))]
    train = np.r_[1.5, 3.0 + np.abs(rng.normal(0, 1.0, 99))]
    decisions = decisions_on(train, losses, 1.0, criteria=Default(), stop_on=["converged", *["unstable"] * listed])
    assert {d.verdict for d in decisions[40:]} == {"unstable"}
    sure = [d for d in decisions[: WASTED_EPOCHS - 1] if d.confidence > SURE]
    assert sure and any(d.stop for d in sure) == listed
    assert any(d.stop for d in decisions[WASTED_EPOCHS : WASTED_EPOCHS + 10])  # by then it has brought nothing for long


@pytest.mark.parametrize(("floor", "verdict"), [(4.0, "converged"), (40.0, "converged"), (-40.0, "converged")])
def test_what_fell_clearly_in_both_losses_has_learnt_whatever_its_floor(floor, verdict):
    fall = floor + np.exp(-EPOCHS / 8)
    assert decisions_on(fall + noise(0.003), fall + noise(0.003, 1), stop_on=[])[-1].verdict == verdict


def test_probabilities_add_up_whatever_is_ruled_out():
    monitor = Monitor()
    for loss in 8.0 + np.exp(-EPOCHS[:40] / 8) + noise(0.003)[:40]:
        monitor.update(train_loss=loss, val_loss=loss, lr=0.1)
        probabilities = monitor.state_dict()["diagnosis"]["diagnosis"]["probabilities"]
        assert not probabilities or sum(probabilities) == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [None, 0.001])
@pytest.mark.parametrize(
    "train", [0.9**EPOCHS, np.full(100, 2.3026), 2.3026 + noise(1e-3)], ids=["falls", "flat", "noisy"]
)
def test_a_loss_that_never_moved_is_neither_slow_nor_unstable(train, rate):
    verdicts = {each.verdict for each in decisions_on(train, np.full(100, 2.3026), np.nan if rate is None else rate)}
    assert Verdict.NOT_LEARNING in verdicts and not verdicts & {Verdict.FALSE_CONVERGENCE, Verdict.UNSTABLE}
