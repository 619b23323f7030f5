"""What a probe shows, whatever framework made it."""

import dataclasses
import json
import math

import pytest

from convergence_callbacks import Decision, Observation, Verdict
from convergence_callbacks.experiments.probe import AHEAD, ARM_EPOCHS, HELPS, Arms, Copy, Probed, judge_probe, probe
from convergence_callbacks.experiments.probing import EARLY, Probes, after_probe

FLAT = [1.0] * 4
FALLS = [0.95, 0.9, 0.85, 0.8]
STOP = Decision(stop=True, verdict=Verdict.CONVERGED, step=20, found_by=("expected_gain",))


def judged(raised=FLAT, lowered=FLAT, control=FLAT, noise=0.001, gain=1.0, sign=1.0):
    return judge_probe(
        Arms(*map(Copy, (control, raised, lowered))), before=sign * 1.0, noise=noise, gain=gain, sign=sign
    )


def test_a_raised_rate_that_does_much_better_shows_that_the_run_was_too_slow():
    assert judged(raised=FALLS, control=[1.0, 0.99, 0.98, 0.97]).verdict is Verdict.FALSE_CONVERGENCE


def test_one_that_does_a_little_better_shows_nothing():
    assert judged(raised=FALLS, control=[0.99, 0.97, 0.95, 0.93]).verdict is None


@pytest.mark.parametrize("raised", [[2.0] * 4, [math.nan] * 4, [1.0, 1.0, math.inf, 1.0], []])
def test_a_raised_rate_that_breaks_shows_nothing(raised):
    assert judged(raised=raised).verdict is None


def test_progress_within_the_noise_is_none():
    assert judged(raised=FALLS, noise=0.1).verdict is None


def test_a_lowered_rate_that_does_far_better_shows_that_the_rate_is_too_high():
    assert judged(lowered=[0.7] * 4, raised=[5.0] * 4).verdict is Verdict.UNSTABLE
    assert judged(lowered=[0.9] * 4, raised=[5.0] * 4).verdict is None


def test_of_a_metric_more_can_be_better():
    assert judged([-v for v in FALLS], [-1.0] * 4, [-1.0] * 4, sign=-1.0).verdict is Verdict.FALSE_CONVERGENCE


def test_a_probe_that_found_nothing_adds_its_figures_and_changes_nothing_else():
    after = after_probe(STOP, judged(), 0.1, [Verdict.CONVERGED])
    assert dataclasses.replace(after, evidence={}) == STOP and after.evidence["probe_epochs"] == 12


def test_a_run_that_was_too_slow_goes_on_unless_the_user_lets_it_end():
    found = judged(raised=FALLS)
    decision = after_probe(STOP, found, 0.01, [Verdict.CONVERGED])
    assert (
        not decision.stop
        and decision.verdict is Verdict.FALSE_CONVERGENCE
        and "0.1, which was tried" in decision.advice[0]
    )
    assert after_probe(STOP, found, None, [Verdict.FALSE_CONVERGENCE]).stop


def probed_with(best, budget=60, sign=1.0, gain=1e-3, verdict=Verdict.CONVERGED, train=1.0, acts=False):
    """A probe of a run whose loss falls by the rate, up to a rate from which on it rises.

    Args:
        train: By how much more the train loss falls than the validation loss; None where nobody knows it.
    """
    tried = []

    def arm(times):
        tried.append(times)
        falls = 1e-4 * (times if times <= best else -times)
        train_loss = None if train is None else sign * (1.0 - train * falls)
        return [Observation(step=0, val_loss=sign * (1.0 - falls), train_loss=train_loss)] * ARM_EPOCHS

    at = Observation(step=20, val_loss=sign * 1.0)
    decision = dataclasses.replace(STOP, verdict=verdict, evidence={"noise": 1e-6, "total_gain": gain})
    return probe(arm, at, decision, "min" if sign > 0 else "max", budget, acts=acts), tried


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("best", "cost"), [(10.0, 16), (30.0, 20), (300.0, 28), (1000.0, 28)])
def test_the_rate_is_raised_on_as_long_as_that_does_better(best, cost, sign):
    found, tried = probed_with(best, sign=sign)
    assert (found.verdict, found.times, found.cost) == (Verdict.FALSE_CONVERGENCE, best, cost)
    assert tried[:3] == [1.0, 10.0, 0.1] and tried[3:] == [30.0, 100.0, 300.0, 1000.0][: (cost - 12) // ARM_EPOCHS]
    assert found.raised_progress == pytest.approx(best)
    decision = after_probe(STOP, found, 1e-3, [])
    assert decision.evidence["times_too_low"] == best and f"{1e-3 * best:.2g}, which was tried" in decision.advice[0]
    assert f"{best:,g} times the learning rate made {best:,g} times the progress" in decision.reason


def test_a_probe_that_finds_nothing_or_has_no_epochs_left_raises_no_further():
    assert probed_with(1.0)[1] == [1.0, 10.0, 0.1]
    found, tried = probed_with(1000.0, budget=21)
    assert (tried, found.times, found.cost) == ([1.0, 10.0, 0.1, 30.0, 100.0], 100.0, 20)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_run_that_learns_nothing_is_too_slow_only_where_its_train_loss_falls_faster_too(sign):
    def verdict(train):
        return probed_with(1000.0, sign=sign, verdict=Verdict.NOT_LEARNING, train=train)[0].verdict

    assert verdict(1.0) is Verdict.FALSE_CONVERGENCE
    assert verdict(-1.0) is None and verdict(0.0) is None and verdict(None) is None
    too_high = {"best": -1.0, "sign": sign, "gain": 1e-4}
    assert probed_with(**too_high, verdict=Verdict.NOT_LEARNING)[0].verdict is None
    assert probed_with(**too_high)[0].verdict is Verdict.UNSTABLE


def test_a_run_that_looks_finished_is_too_slow_only_where_a_higher_rate_gains_a_share_of_all():
    gained = 1e-4 * (1000 - 1)
    assert probed_with(1000.0, gain=0.99 * gained / AHEAD)[0].verdict is Verdict.FALSE_CONVERGENCE
    assert probed_with(1000.0, gain=1.01 * gained / AHEAD)[0].verdict is None
    slow = probed_with(1000.0, gain=1e3, verdict=Verdict.FALSE_CONVERGENCE)[0]
    assert slow.verdict is Verdict.FALSE_CONVERGENCE and slow.times == 1000.0
    assert probed_with(1000.0, gain=1e3, acts=True)[0].verdict is Verdict.FALSE_CONVERGENCE


def test_what_is_on_trial_takes_less_to_be_raised():
    arms = Arms(*map(Copy, ([0.97] * 4, [0.9] * 4, FLAT)))
    assert judge_probe(arms, 1.0, 0.001, 1.0).verdict is None
    assert judge_probe(arms, 1.0, 0.001, 1.0, least=HELPS).verdict is Verdict.FALSE_CONVERGENCE


def test_where_the_rate_is_raised_a_run_is_probed_early_and_again_after_each_raise():
    falls = Decision(stop=False, verdict=Verdict.IMPROVING, step=EARLY)
    assert Probes().may_probe(falls, 24, acts=True) and not Probes().may_probe(falls, 24)
    assert not Probes().may_probe(dataclasses.replace(falls, step=EARLY - 1), 24, acts=True)
    assert not Probes().may_probe(dataclasses.replace(falls, verdict=Verdict.OVERFITTING), 24, acts=True)
    for limit in ("max_epochs", "target_loss", "time_budget"):
        ended = dataclasses.replace(falls, stop=True, found_by=(limit,))
        assert not Probes().may_probe(ended, 24, acts=True)
    once = Probes().after(EARLY, judged(raised=FALLS))
    later = dataclasses.replace(falls, step=9)
    assert not once.may_probe(later, 24, acts=True) and once.at(1).may_probe(later, 24, acts=True)
    assert not once.at(1).may_probe(later, 23, acts=True)


def test_probes_are_bounded_and_not_repeated_at_every_epoch():
    slow = dataclasses.replace(STOP, stop=False, verdict=Verdict.FALSE_CONVERGENCE)
    probes = Probes()
    assert probes.may_probe(slow, 24) and not probes.may_probe(slow, 3 * ARM_EPOCHS - 1)
    assert not probes.may_probe(dataclasses.replace(slow, step=9), 24)
    once = probes.after(20, judged())
    assert not once.may_probe(dataclasses.replace(slow, step=21), 24)
    assert once.may_probe(dataclasses.replace(slow, step=40), 24) and once.may_probe(STOP, 24)
    assert not once.after(40, None).may_probe(STOP, 24)
    assert not probes.may_probe(dataclasses.replace(STOP, verdict=Verdict.OVERFITTING), 24)
    lost = dataclasses.replace(STOP, verdict=Verdict.NOT_LEARNING)
    assert probes.may_probe(lost, 24) and not probes.may_probe(dataclasses.replace(lost, stop=False), 24)


def test_what_was_found_stands_at_later_stops_and_survives_a_checkpoint():
    probes = Probes().after(20, judged(raised=FALLS))
    again = Probes.from_dict(json.loads(json.dumps(probes.to_dict())))
    assert again == probes and Probes.from_dict({}) == Probes()
    assert not again.applied_to(dataclasses.replace(STOP, step=33), 0.01, [Verdict.CONVERGED]).stop
    overfits = dataclasses.replace(STOP, step=33, verdict=Verdict.OVERFITTING)
    assert again.applied_to(overfits, 0.01, [Verdict.OVERFITTING]) is overfits
    assert isinstance(again.probed, Probed)
    nothing = Probes().after(20, judged())
    assert nothing.applied_to(dataclasses.replace(STOP, step=33), 0.01, []).evidence == {}
    assert (
        nothing.after(33, judged()).applied_to(dataclasses.replace(STOP, step=33), 0.01, []).evidence["probe_epochs"]
        == 24
    )
