"""What a probe shows, whatever framework made it."""

import dataclasses
import json
import math

import pytest

from convergence_callbacks import Decision, Verdict
from convergence_callbacks.core.probe import ARM_EPOCHS, Arms, Probed, Probes, after_probe, judge_probe

FLAT = [1.0] * 4
FALLS = [0.95, 0.9, 0.85, 0.8]
STOP = Decision(stop=True, verdict=Verdict.CONVERGED, step=20, reason="flat", criterion="expected_gain")


def judged(raised=FLAT, lowered=FLAT, control=FLAT, noise=0.001, gain=1.0, sign=1.0):
    return judge_probe(Arms(control, raised, lowered), before=sign * 1.0, noise=noise, gain=gain, sign=sign)


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
    said = after_probe(STOP, found, 0.01, [Verdict.CONVERGED])
    assert not said.stop and said.verdict is Verdict.FALSE_CONVERGENCE and "0.1, which was tried" in said.advice[0]
    assert after_probe(STOP, found, None, [Verdict.FALSE_CONVERGENCE]).stop


def test_probes_are_bounded_and_not_repeated_at_every_epoch():
    told = dataclasses.replace(STOP, stop=False, verdict=Verdict.FALSE_CONVERGENCE)
    probes = Probes()
    assert probes.may_probe(told, 24) and not probes.may_probe(told, 3 * ARM_EPOCHS - 1)
    assert not probes.may_probe(dataclasses.replace(told, step=9), 24)
    once = probes.after(20, judged())
    assert not once.may_probe(dataclasses.replace(told, step=21), 24)
    assert once.may_probe(dataclasses.replace(told, step=40), 24) and once.may_probe(STOP, 24)
    assert not once.after(40, None).may_probe(STOP, 24)
    assert not probes.may_probe(dataclasses.replace(STOP, verdict=Verdict.OVERFITTING), 24)


def test_what_was_found_stands_at_later_stops_and_survives_a_checkpoint():
    probes = Probes().after(20, judged(raised=FALLS))
    again = Probes.from_dict(json.loads(json.dumps(probes.to_dict())))
    assert again == probes and Probes.from_dict({}) == Probes()
    assert not again.said_of(dataclasses.replace(STOP, step=33), 0.01, [Verdict.CONVERGED]).stop
    overfits = dataclasses.replace(STOP, step=33, verdict=Verdict.OVERFITTING)
    assert again.said_of(overfits, 0.01, [Verdict.OVERFITTING]) is overfits
    assert isinstance(again.probed, Probed)
    nothing = Probes().after(20, judged())
    assert nothing.said_of(dataclasses.replace(STOP, step=33), 0.01, []).evidence == {}
    assert (
        nothing.after(33, judged()).said_of(dataclasses.replace(STOP, step=33), 0.01, []).evidence["probe_epochs"] == 24
    )
