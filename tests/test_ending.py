"""What a training came to beside its verdict."""

import math

import pytest

from convergence_callbacks import Monitor, Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.ending import Ending, NotJudged, not_judged


def observed(losses, **named):
    return [Observation(step=step, val_loss=loss, **named) for step, loss in enumerate(losses)]


def ending(seen, **settings):
    monitor = Monitor(**settings)
    for each in seen:
        decision = monitor.observe(each)
    return Ending.of(seen, decision, Settings(**settings))


def test_what_was_not_trained_is_saved_at_the_pace_so_far():
    seen = [Observation(step=step, val_loss=0.9**step, elapsed=60.0 * (step + 1)) for step in range(40)]
    came = ending(seen, max_epochs=100)
    assert came.spent == 40 and came.saved == 60 and came.seconds_saved == pytest.approx(3600)


def test_without_a_budget_nothing_is_known_to_be_saved():
    came = ending(observed([0.5, 0.4]))
    assert came.saved is None and came.seconds_saved is None


def test_epochs_within_the_noise_of_the_best_are_as_good():
    losses = [1 - 0.1 * step for step in range(8)] + [0.2 + 0.01 * (-1) ** step for step in range(20)] + [0.6] * 3
    first, last = ending(observed(losses)).as_good
    assert first >= 7 and last == 27


def test_a_best_without_noise_is_alone():
    assert ending(observed([0.9**step for step in range(30)])).as_good is None


def test_a_patience_is_reported_if_it_would_have_stopped():
    came = ending(observed([1.0, 0.5, *[0.6] * 30])).patience_stop
    assert (came.patience, came.spent, came.best_value) == (10, 12, 0.5)
    assert ending(observed([0.9**step for step in range(30)])).patience_stop.spent is None


def test_no_patience_is_reported_of_a_training_whose_beginning_was_not_seen():
    assert Ending.of(observed([0.5, 0.4])[1:], None, Settings()).patience_stop is None


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        ([], (NotJudged.NO_LOSS,)),
        ([Observation(step=0, val_loss=math.nan)], (NotJudged.NO_LOSS,)),
        (observed([0.5, 0.4], lr=0.1), (NotJudged.TOO_FEW,)),
        (observed([0.5] * 9), (NotJudged.NO_RATE,)),
        ([Observation(step=s, train_loss=1.0, lr=0.1) for s in range(9)], (NotJudged.NO_VALIDATION,)),
        (observed([0.5] * 9, lr=0.1), ()),
    ],
)
def test_what_was_missing_was_not_judged(seen, missing):
    assert not_judged(seen) == missing
