"""What was done about the verdicts of a training, and what it came to."""

import dataclasses
import math

from convergence_callbacks import Verdict
from convergence_callbacks.experiments.actions import Actions


def actions_of(stopping):
    """What was done, in order."""
    return [decision.action for decision in stopping.history if decision.action not in {"", "on_trial"}]


def best(stopping):
    """The lowest finite validation loss."""
    losses = [seen.val_loss for seen in stopping.observations]
    return min((loss for loss in losses if math.isfinite(loss)), default=math.inf)


def acts_at(step, verdict):
    """Ends the run, whose loss jitters, with a verdict at one epoch; at all others it improves."""
    after = Actions.after

    def replaced(actions, decision, situation, choice):
        jitters = {**decision.evidence, "noise": 0.1 * decision.evidence.get("total_gain", 1.0), "times_too_low": 30.0}
        ends = {"stop": True, "verdict": verdict, "found_by": ("expected_gain",), "evidence": jitters}
        now = ends if decision.step == step else {"stop": False, "verdict": Verdict.IMPROVING, "evidence": {}}
        return after(actions, dataclasses.replace(decision, **now), situation, choice)

    return replaced


def slow_at(step):
    """Reports at one epoch that the learning rate is too low, and else nothing."""
    after = Actions.after

    def replaced(actions, decision, situation, choice):
        slow = {"verdict": Verdict.FALSE_CONVERGENCE, "found_by": ("probe",), "evidence": {"times_too_low": 10}}
        now = slow if decision.step == step else {"verdict": Verdict.IMPROVING}
        return after(actions, dataclasses.replace(decision, **now), situation, choice)

    return replaced
