"""Patience, as every framework means it, and what it takes besides."""

import json
import math

import numpy as np
import pytest

from convergence_callbacks import Monitor, Patience, SettingsError
from convergence_callbacks.telling import describe


def stops_at(losses, criterion, rates=None, mode="min"):
    monitor = Monitor(criteria=criterion, min_epochs=0, mode=mode)
    for epoch, loss in enumerate(losses):
        lr = None if rates is None else rates[epoch]
        if monitor.update(val_loss=loss, lr=lr).stop:
            return epoch
    return None


def naive(losses, patience, absolute=0.0, relative=0.0):
    best, wait = np.inf, 0
    for epoch, loss in enumerate(losses):
        if best == np.inf or loss < best - absolute - relative * abs(best):
            best, wait = loss, 0
        else:
            wait += 1
            if wait >= patience:
                return epoch
    return None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("min_delta", "absolute", "relative"), [(0.0, 0, 0), (0.05, 0.05, 0), ("2%", 0, 0.02)])
def test_it_stops_where_a_plain_loop_does(seed, min_delta, absolute, relative):
    rng = np.random.default_rng(seed)
    losses = np.exp(-np.arange(60) / 10) + rng.normal(0, 0.1, 60)
    patience = int(rng.integers(1, 12))
    assert stops_at(losses, Patience(patience, min_delta=min_delta)) == naive(losses, patience, absolute, relative)


def test_an_equal_loss_and_a_drop_of_just_min_delta_are_no_improvement():
    assert stops_at([1.0, 1.0, 1.0], Patience(2)) == 2
    assert stops_at([1.0, 0.5, 0.5], Patience(2, min_delta=0.5)) == 2
    assert stops_at([1.0, 0.49, 0.5], Patience(2, min_delta=0.5)) is None


def test_the_epochs_of_the_warm_up_are_not_counted():
    losses = [1.0] * 20
    assert stops_at(losses, Patience(3)) == 3
    assert stops_at(losses, Patience(3, warmup=5)) == 7  # epochs 5, 6 and 7 are counted


def test_after_a_drop_of_the_rate_the_cooldown_is_not_counted():
    losses, rates = [1.0] * 20, [0.1] * 3 + [0.01] * 17
    assert stops_at(losses, Patience(5), rates) == 5
    assert stops_at(losses, Patience(5, cooldown=4), rates) == 9  # 1 and 2 counted, 3 to 6 not, then 7, 8 and 9


def test_a_rise_of_the_rate_needs_no_cooldown():
    assert stops_at([1.0] * 20, Patience(5, cooldown=4), [0.1] * 3 + [0.2] * 17) == 5


def test_unknown_rates_let_the_cooldown_pass():
    rates = [0.1, 0.01, None, None, None, None, None, None, None, None]
    assert stops_at([1.0] * 10, Patience(3, cooldown=2), rates) == 5


def test_an_improvement_during_the_cooldown_starts_the_count_anew():
    assert stops_at([1.0, 1.0, 0.5, 0.5, 0.5, 0.5], Patience(3, cooldown=2), [0.1, 0.01] + [0.01] * 4) == 5


def test_its_evidence_is_in_the_users_unit():
    monitor = Monitor(criteria=Patience(2), min_epochs=0, mode="max")
    decision = [monitor.update(val_loss=v) for v in (0.5, 0.9, 0.8, 0.7)][-1]
    assert decision.reason == "no improvement for 2 epochs (patience 2)"
    assert decision.evidence["patience_best"] == 0.9 and decision.evidence["wait"] == 2


@pytest.mark.parametrize("wrong", ["x%", "5", "-1%", "", "nan%", -0.1])
def test_a_min_delta_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(SettingsError, match="min_delta must be"):
        Patience(min_delta=wrong)


def test_it_says_what_it_waits_for():
    assert describe(Patience(3, min_delta="1%")) == "the loss has not improved by more than 1% for 3 epochs"


def test_a_learning_rate_that_is_infinite_is_not_kept():
    monitor = Monitor(criteria=Patience(3, cooldown=2), min_epochs=0)
    for rate in (0.1, math.inf):
        monitor.update(val_loss=1.0, lr=rate)
    json.dumps(monitor.state_dict(), allow_nan=False)
    assert monitor.state_dict()["criteria"]["of"]["patience"]["lr"] == 0.1
