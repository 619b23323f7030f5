"""What was done about the verdicts of a training, and what it came to."""

import math


def actions_of(stopping):
    """What was done, in order."""
    return [decision.action for decision in stopping.history if decision.action not in {"", "on_trial"}]


def best(stopping):
    """The lowest finite validation loss."""
    losses = [seen.val_loss for seen in stopping.observations]
    return min((loss for loss in losses if math.isfinite(loss)), default=math.inf)
