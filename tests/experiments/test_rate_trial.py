"""What becomes of a rate that is too low, whatever framework trains."""

import dataclasses
import json
import math

import pytest

from convergence_callbacks import Decision, Verdict
from convergence_callbacks.experiments.rate_trial import EPOCHS, MOST, RateTrial

SLOW = Decision(
    stop=False,
    verdict=Verdict.FALSE_CONVERGENCE,
    step=20,
    best_value=1.0,
    evidence={"times_too_low": 30},
    confidence=0.9,
)
GOES_ON = dataclasses.replace(SLOW, verdict=Verdict.IMPROVING, evidence={})


def tried(losses, trial=None, mode="min", **decision):
    """The trials after each epoch of a raised rate."""
    trials = [trial or RateTrial().after(SLOW, 1.0)]
    for epoch, loss in enumerate(losses, 21):
        trials.append(trials[-1].after(dataclasses.replace(GOES_ON, step=epoch, **decision), loss, mode))
    return trials[1:]


def test_a_rate_that_is_surely_too_low_is_raised_as_far_as_it_looks():
    trial = RateTrial().after(SLOW, 1.0)
    assert (trial.act, trial.times, trial.raised, trial.raises, trial.best) == ("raise", 30.0, 30.0, 1, 1.0)
    said = trial.said_of(SLOW, 0.01)
    assert said.action == "raise_lr" and said.evidence["rate_raised"] == said.evidence["rate_times"] == 30
    assert "the learning rate is raised 30 times, to 0.3" in said.reason and not said.advice


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.7},
        {"step": 5},
        {"verdict": Verdict.CONVERGED},
        {"evidence": {}},
        {"stop": True, "found_by": ("max_epochs",)},
    ],
)
def test_nothing_is_done_where_that_is_not_sure_or_too_early_or_too_late(change):
    decision = dataclasses.replace(SLOW, **change)
    trial = RateTrial().after(decision, 1.0)
    assert trial.act == "" and trial.said_of(decision, 0.01) is decision


def test_where_the_run_is_to_end_anyhow_likely_is_enough_and_it_goes_on():
    ends = dataclasses.replace(SLOW, stop=True, confidence=0.5)
    trial = RateTrial().after(ends, 1.0)
    assert trial.act == "raise" and not trial.said_of(ends, None).stop


def test_a_rate_that_helps_stays_and_the_next_raise_is_on_top_of_it():
    trials = tried([5.0, 3.0, 1.0, 0.9] + [0.8] * (EPOCHS - 4))
    assert [trial.act for trial in trials] == [""] * (EPOCHS - 1) + ["keep"]
    again = trials[-1].after(dataclasses.replace(SLOW, step=40, best_value=0.8), 0.8)
    assert (again.act, again.raised, again.best, again.losses) == ("raise", 900.0, 0.8, ())


def test_a_rate_that_does_not_help_is_put_back_and_none_is_raised_again():
    last = tried([1.5] * EPOCHS)[-1]
    assert (last.act, last.raised, last.failed) == ("undo", 1.0, True)
    assert last.said_of(GOES_ON, 0.3).action == "undo_lr" and "did not help" in last.said_of(GOES_ON, 0.3).reason
    assert last.after(SLOW, 1.0).act == ""


def test_one_lucky_epoch_is_no_help():
    assert tried([0.5] + [1.5] * (EPOCHS - 1))[-1].act == "undo"


@pytest.mark.parametrize(
    ("loss", "verdict"), [(math.nan, Verdict.IMPROVING), (None, Verdict.IMPROVING), (9.0, "diverged")]
)
def test_a_rate_that_breaks_the_run_is_put_back_at_once(loss, verdict):
    assert tried([loss], verdict=Verdict(verdict))[-1].act == "undo"


def test_of_a_metric_more_can_be_better():
    assert tried([2.0] * EPOCHS, mode="max")[-1].act == "keep"
    assert tried([0.5] * EPOCHS, mode="max")[-1].act == "undo"


def test_on_trial_only_a_limit_ends_the_run():
    trial = tried([1.0])[-1]
    ends = dataclasses.replace(GOES_ON, stop=True, found_by=("expected_gain",), verdict=Verdict.CONVERGED)
    said = trial.said_of(ends, 0.3)
    assert not said.stop and f"on trial, epoch 1 of {EPOCHS}" in said.reason
    assert trial.said_of(dataclasses.replace(ends, found_by=("target_loss",)), 0.3).stop


def test_raises_are_bounded():
    trial = RateTrial()
    for _ in range(MOST):
        trial = tried([0.1] * EPOCHS, trial.after(SLOW, 1.0))[-1]
        assert trial.act == "keep"
    assert trial.after(SLOW, 1.0).act == ""


def test_it_survives_a_checkpoint_in_the_middle_of_a_trial():
    trial = tried([1.0, 0.9])[-1]
    assert RateTrial.from_dict(json.loads(json.dumps(trial.to_dict()))) == trial
    assert RateTrial.from_dict({}) == RateTrial()
