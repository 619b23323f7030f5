"""GL, PQ and UP, against the definitions that Prechelt published in 1998."""

import itertools
import math

import numpy as np
import pytest

from convergence_callbacks import GeneralizationLoss, Monitor, ProgressQuotient, SuccessiveIncreases


def curve(seed):
    rng = np.random.default_rng(seed)
    t = np.arange(80)
    train = np.exp(-t / 15) + 0.05 + np.abs(rng.normal(0, 0.02, 80))
    val = np.exp(-t / 10) + 0.3 + 0.01 * np.maximum(0, t - 25) + rng.normal(0, 0.01, 80)
    return train, val


def stops_at(criterion, train, val):
    monitor = Monitor(criteria=criterion, min_epochs=0)
    for epoch in range(len(val)):
        if monitor.update(train_loss=train[epoch], val_loss=val[epoch]).stop:
            return epoch
    return None


def gl(val, epoch):
    return 100 * (val[epoch] / val[: epoch + 1].min() - 1)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("percent", [1.0, 3.0, 5.0, 10.0])
def test_gl(seed, percent):
    train, val = curve(seed)
    expected = next((e for e in range(80) if gl(val, e) > percent), None)
    assert stops_at(GeneralizationLoss(percent), train, val) == expected


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("quotient", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("strip", [3, 5])
def test_pq(seed, quotient, strip):
    train, val = curve(seed)

    def progress(epoch):
        window = train[epoch + 1 - strip : epoch + 1]
        return 1000 * (window.mean() / window.min() - 1)

    ends = range(strip - 1, 80, strip)
    expected = next((e for e in ends if gl(val, e) > quotient * progress(e)), None)
    assert stops_at(ProgressQuotient(quotient, strip=strip), train, val) == expected


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strips", [1, 2, 3])
@pytest.mark.parametrize("strip", [1, 5])
def test_up(seed, strips, strip):
    train, val = curve(seed)
    ends, rises, expected = list(range(strip - 1, 80, strip)), 0, None
    for before, end in itertools.pairwise(ends):
        rises = rises + 1 if val[end] > val[before] else 0
        if rises >= strips:
            expected = end
            break
    assert stops_at(SuccessiveIncreases(strips, strip=strip), train, val) == expected


def test_gl_of_a_train_loss_alone_is_no_overfitting():
    monitor = Monitor(criteria=GeneralizationLoss(5), min_epochs=0)
    decision = [monitor.update(train_loss=v) for v in (1.0, 0.5, 0.9)][-1]
    assert decision.stop and decision.criterion == "generalization_loss" and decision.verdict != "overfitting"
    monitor = Monitor(criteria=GeneralizationLoss(5), min_epochs=0)
    assert [monitor.update(val_loss=v) for v in (1.0, 0.5, 0.9)][-1].verdict == "overfitting"


@pytest.mark.parametrize("train_loss", [None, float("nan"), float("inf")])
def test_pq_waits_for_strips_that_have_a_train_loss(train_loss):
    monitor = Monitor(criteria=ProgressQuotient(0.1, strip=2), min_epochs=0)
    losses = [1.0, 0.5, 0.9, 0.9, 0.9, 0.9]
    assert not any(monitor.update(train_loss=train_loss, val_loss=v).stop for v in losses)
    assert [monitor.update(train_loss=t, val_loss=0.9).stop for t in (0.5, 0.4)] == [False, True]


@pytest.mark.parametrize(
    ("criterion", "losses"),
    [
        (GeneralizationLoss(5.0), [100.0, 105.0]),
        (SuccessiveIncreases(1, 1), [1.0, 1.0, 1.0]),
        (ProgressQuotient(1.0, 2), [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_just_at_the_threshold_goes_on(criterion, losses):
    monitor = Monitor(criteria=criterion, min_epochs=0)
    assert not any(monitor.update(train_loss=1.0, val_loss=loss).stop for loss in losses)


def test_pq_takes_no_train_loss_that_is_infinite():
    monitor = Monitor(criteria=ProgressQuotient(1.0, 2), min_epochs=0)
    pairs = [(1.0, 1.0), (math.inf, 1.0), (1.0, 1.5)]
    assert [monitor.update(train_loss=t, val_loss=v).stop for t, v in pairs] == [False, False, True]
