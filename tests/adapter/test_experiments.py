"""Which rates the copies of a run are trained at, whatever framework trains them."""

import pytest

from convergence_callbacks import Observation
from convergence_callbacks.adapter.stages.probe import EXPERIMENTS
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.experiments.probing import EARLY

RAISE = {"false_convergence": "raise_lr"}


class Line:
    """A run whose loss falls by a power of its rate, at any rate."""

    def __init__(self, power=1.0):
        self.tried, self.times, self.loss, self.power = [], 1.0, 1.0, power

    def train_copy(self, times, collector):
        self.tried.append(times)
        losses = [self.loss - 1e-4 * times**self.power * epoch for epoch in range(1, 5)]
        return [Observation(step=step, train_loss=loss, val_loss=loss) for step, loss in enumerate(losses)]

    def state(self):
        return self.loss

    def restore(self, state):
        self.loss = state

    def weights_in(self, state):
        return state

    def scale_rate(self, times):
        self.times *= times


class Experimenting(Stopping):
    """A callback whose framework allows experiments."""

    supports = EXPERIMENTS


def run(schedule, epochs, power=1.0, jump=0.0, **settings):
    line = Line(power)
    stopping = Experimenting(
        max_epochs=100, lr_schedule=schedule, verbose=False, stop_on=[], probe=True, min_epochs=0, **settings
    )
    for epoch in range(epochs):
        rate = schedule[epoch]
        line.loss += jump * (line.times > 1) - 1e-4 * rate
        seen = stopping.collect(epoch, {"train_loss": line.loss, "val_loss": line.loss}, lr=rate * line.times)
        stopping.decide(seen, line)
    return line, stopping


@pytest.mark.parametrize(("highest", "first"), [(1.0, [1.0, 10.0, 0.1, 30.0]), (20.0, [20.0, 200.0, 2.0, 600.0])])
def test_a_rate_that_warms_up_is_tried_at_its_highest_before_it_is_raised(highest, first):
    line, stopping = run([1.0] * (EARLY + 1) + [highest] * 95, EARLY + 1, act=RAISE)
    assert line.tried[:4] == pytest.approx(first)
    assert line.times == 1000.0 and stopping.decision.evidence["rate_total"] == 1000.0


def test_a_raise_that_is_on_trial_takes_less_than_a_verdict():
    falls = [1.0] * 100
    assert run(falls, EARLY + 1, power=0.6, act=RAISE)[0].times == 1000.0
    assert run(falls, EARLY + 1, power=0.3, act=RAISE)[0].times == 1.0


def test_a_run_whose_raise_was_undone_is_not_probed_for_another():
    line, stopping = run([1.0] * 100, 13, jump=0.1, act=RAISE)
    assert line.times == pytest.approx(1.0) and len(line.tried) == 7
    assert any(decision.reason.endswith("rate and weights are those of before") for decision in stopping.history)


def test_nothing_is_tried_early_where_no_rate_is_raised():
    assert run([1.0] * 100, EARLY + 1)[0].tried == []


def test_after_a_raise_it_is_probed_again_while_there_are_epochs_left_for_it():
    line, stopping = run([1.0] * 100, 30, act=RAISE, probe_budget=45)
    assert len(line.tried) == 7 + 4  # all arms, and of the second probe as many as fit
    assert max(decision.evidence.get("probe_epochs", 0) for decision in stopping.history) == 44 and line.times > 1000.0
