"""What holds for every curve, checked on curves that hypothesis makes up."""

import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from convergence_callbacks import (
    ExpectedGain,
    GeneralizationGap,
    GeneralizationLoss,
    Monitor,
    NonFiniteLoss,
    Overfitting,
    Patience,
    SuccessiveIncreases,
    TargetLoss,
)
from tests.curves import exponential, power_law, sketch, straight

pytestmark = pytest.mark.no_cover  # which makes it twice as slow

settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

ordinary = st.floats(-1e3, 1e3, allow_nan=False)
anything = st.one_of(
    ordinary, st.none(), st.floats(allow_nan=True, allow_infinity=True), st.just("no number"), st.just(10**400)
)
streams = st.lists(st.tuples(anything, anything, anything), max_size=40)


@st.composite
def curves(draw, most=60):
    """Train and validation losses and rates as trainings have them: a descent, noise, sometimes a turn or a drop."""
    epochs = draw(st.integers(12, most))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    t = np.arange(epochs)
    val = np.exp(-t / draw(st.floats(1, 60))) + draw(st.floats(0, 1)) + draw(st.floats(0, 0.02)) * np.maximum(0, t - 20)
    noise = draw(st.sampled_from([0.0, 0.003, 0.03, 0.3]))
    train = np.exp(-t / draw(st.floats(1, 60))) + rng.normal(0, noise / 2, epochs)
    rate = np.where(t < draw(st.integers(0, most)), 0.1, 0.01)
    return train, val + rng.normal(0, noise, epochs), rate


def replay(monitor, train, val, rate, epochs=None):
    return [
        monitor.update(step=int(e), train_loss=train[e], val_loss=val[e], lr=rate[e])
        for e in (range(len(val)) if epochs is None else epochs)
    ]


def content(decisions):
    return [(d.stop, d.verdict, d.best_step, d.criterion) for d in decisions]


def plain(decisions):
    return [d.to_dict() for d in decisions]


@settings(max_examples=10)
@given(curves(), st.integers(-40, 40))
def test_the_unit_of_the_loss_changes_nothing(curve, exponent):
    train, val, rate = curve
    factor = 2.0**exponent  # exact, so that not even the last digit differs
    assert content(replay(Monitor(), train, val, rate)) == content(
        replay(Monitor(), factor * train, factor * val, rate)
    )


@settings(max_examples=8)
@given(curves(), st.floats(1e-4, 1e4))
def test_nor_does_any_other_unit(curve, factor):
    train, val, rate = curve
    plain_content, scaled_content = (
        [(d.stop, d.verdict) for d in replay(Monitor(), f * train, f * val, rate)] for f in (1.0, factor)
    )
    assert plain_content == scaled_content


@settings(max_examples=10)
@given(curves())
def test_more_is_better_mirrors_less_is_better(curve):
    train, val, rate = curve
    assert content(replay(Monitor(), train, val, rate)) == content(replay(Monitor(mode="max"), -train, -val, rate))


@settings(max_examples=8)
@given(curves(), st.data())
def test_a_run_restored_after_any_epoch_is_decided_as_if_never_stopped(curve, data):
    split = data.draw(st.integers(1, len(curve[1]) - 1))
    criteria = Patience(7, warmup=3) | SuccessiveIncreases(3) | Overfitting() | ExpectedGain(0.02)
    for chosen in (None, criteria):
        whole = replay(Monitor(criteria=chosen), *curve)
        before, after = Monitor(criteria=chosen), Monitor(criteria=chosen)
        replay(before, *curve, epochs=range(split))
        after.load_state_dict(json.loads(json.dumps(before.state_dict(), allow_nan=False)))
        assert plain(replay(after, *curve, epochs=range(split, len(curve[1])))) == plain(whole[split:])


@settings(max_examples=60)
@given(streams, st.integers(0, 39))
def test_so_is_a_run_of_nonsense(stream, split):
    def show(monitor, part):
        return [monitor.update(train_loss=t, val_loss=v, lr=r) for t, v, r in part]

    whole = show(Monitor(), stream)
    before, after = Monitor(), Monitor()
    show(before, stream[:split])
    after.load_state_dict(json.loads(json.dumps(before.state_dict(), allow_nan=False)))
    assert plain(show(after, stream[split:])) == plain(whole[split:])


@settings(max_examples=10)
@given(curves(), st.integers(3, 20), st.integers(1, 9))
def test_on_resume_the_settings_are_the_users_and_the_state_is_the_runs(curve, patience, split):
    before = Monitor(criteria=Patience(1000))
    replay(before, *curve, epochs=range(split))
    after = Monitor(criteria=Patience(patience), min_epochs=0)
    after.load_state_dict(before.state_dict())
    never_stopped = Monitor(criteria=Patience(patience), min_epochs=0)
    whole = replay(never_stopped, *curve)
    assert content(replay(after, *curve, epochs=range(split, len(curve[1])))) == content(whole[split:])


def test_the_state_of_a_hundred_thousand_epochs_is_as_small_as_that_of_a_thousand():
    monitor, rng = Monitor(criteria=Patience(10) | NonFiniteLoss()), np.random.default_rng(0)
    sizes = {}
    for epoch, noise in enumerate(rng.normal(0, 0.01, 100_000)):
        monitor.update(train_loss=1 / (epoch + 1), val_loss=1 / (epoch + 1) + noise, lr=0.1)
        if epoch + 1 in (1_000, 100_000):
            sizes[epoch + 1] = len(json.dumps(monitor.state_dict()))
    assert sizes[100_000] < 16_000
    assert sizes[100_000] < 1.2 * sizes[1_000]


def number(value):
    try:
        number = math.nan if value is None else float(value)
        return number if abs(number) <= 1e100 else math.nan  # beyond, a loss counts as infinite
    except (ValueError, OverflowError):
        return math.nan


@settings(max_examples=150)
@given(streams, st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_no_stream_raises_or_finds_a_wrong_best(stream, steps):
    """Values may be missing, not finite or no number at all, and epochs repeated or skipped."""
    monitor, step, observed = Monitor(max_epochs=30), -1, []
    for (train, val, rate), forward in zip(stream, steps, strict=False):
        if step + forward > step or step < 0:
            observed.append((max(0, step + forward), number(train), number(val)))
        step = max(0, step + forward)
        decision = monitor.update(step=step, train_loss=train, val_loss=val, lr=rate)
        json.dumps(decision.to_dict(), allow_nan=False)
        str(decision)
        column = 2 if any(math.isfinite(o[2]) for o in observed) else 1
        finite = [(o[column], o[0]) for o in observed if math.isfinite(o[column])]
        best = min(finite, default=(None, None), key=lambda pair: pair[0])
        assert (decision.best_value, decision.best_step) == best


@settings(max_examples=10)
@given(st.integers(20, 300), st.floats(0, 0.2), st.integers(0, 1000))
def test_a_curve_that_gains_as_much_every_epoch_is_never_stopped_early(epochs, noise, seed):
    curve = straight(epochs, noise, seed)
    decisions = replay(Monitor(max_epochs=epochs), curve.train, curve.val, np.full(epochs, 0.1))
    assert [d.step for d in decisions if d.stop] == [epochs - 1], sketch(curve.val)


@settings(max_examples=8)
@given(st.integers(30, 200), st.floats(0.2, 0.9))
def test_nor_before_its_target(epochs, target):
    curve = straight(epochs)
    decisions = replay(Monitor(target_loss=target), curve.train, curve.val, np.full(epochs, 0.1))
    stopped = next(d for d in decisions if d.stop)
    assert stopped.criterion == "target_loss" and curve.val[stopped.step - 1] > target >= curve.val[stopped.step]


def left_behind(curve, floor, tolerance, seen):
    """What a stop leaves, as a share of all there was to gain; 0 where it never stops."""
    monitor = Monitor(tolerance=tolerance)
    for train, val in zip(seen.train, seen.val, strict=True):
        decision = monitor.update(train_loss=train, val_loss=val, lr=0.1)
        if decision.stop:
            return (curve.val[: decision.step + 1].min() - floor) / (curve.val[0] - floor)
    return 0.0


@settings(max_examples=12)
@given(st.floats(2, 100), st.floats(0, 0.5), st.sampled_from([0.005, 0.01, 0.02, 0.05]))
@example(2.0, 0.1, 0.01)
def test_on_an_exponential_a_stop_never_leaves_more_than_the_tolerance(time_constant, floor, tolerance):
    curve = exponential(600, time_constant, floor)
    assert left_behind(curve, floor, tolerance, curve) <= tolerance, sketch(curve.val)


@settings(max_examples=10)
@given(st.floats(0.5, 2), st.floats(0, 0.5), st.sampled_from([0.005, 0.01, 0.02, 0.05]))
def test_on_a_power_law_a_stop_never_leaves_more_than_the_tolerance(exponent, floor, tolerance):
    curve = power_law(1000, exponent, floor)
    lowest = curve.val[-1]  # a power law never ends; what is left is what this budget could still bring
    assert left_behind(curve, lowest, tolerance, curve) <= tolerance, sketch(curve.val)


# With noise, "behind" is measured on the curve without it: two standard deviations can't be seen in the curve.
# Slower power laws under noise are not promised: their tail is below the noise of any window for hundreds of epochs.


@settings(max_examples=10)
@given(st.floats(2, 60), st.integers(0, 1000), st.sampled_from([0.01, 0.02, 0.05]), st.floats(0.001, 0.01))
def test_with_noise_an_exponential_leaves_at_most_the_tolerance_and_the_noise(time_constant, seed, tolerance, noise):
    curve, seen = exponential(400, time_constant), exponential(400, time_constant, noise=noise, seed=seed)
    assert left_behind(curve, 0.1, tolerance, seen) <= tolerance + 2 * noise, sketch(seen.val)


@settings(max_examples=10)
@given(st.floats(1.5, 2), st.integers(0, 1000), st.sampled_from([0.01, 0.02, 0.05]), st.floats(0.001, 0.01))
def test_with_noise_a_power_law_leaves_at_most_the_tolerance_and_the_noise(exponent, seed, tolerance, noise):
    curve, seen = power_law(600, exponent), power_law(600, exponent, noise=noise, seed=seed)
    assert left_behind(curve, curve.val[-1], tolerance, seen) <= tolerance + 2 * noise, sketch(seen.val)


@settings(max_examples=8)
@given(
    curves(),
    st.permutations([Patience(5), GeneralizationLoss(5.0), TargetLoss(0.3), Overfitting(), GeneralizationGap(0.3)]),
)
def test_the_order_of_criteria_changes_nothing(curve, criteria):
    ordered = sorted(criteria, key=lambda criterion: criterion.name)
    for join in (lambda a, b: a | b, lambda a, b: a & b):
        first, second = (Monitor(criteria=_joined(join, members)) for members in (criteria, ordered))
        assert plain(replay(first, *curve)) == plain(replay(second, *curve))


def _joined(join, members):
    joined = members[0]
    for member in members[1:]:
        joined = join(joined, member)
    return joined


@settings(max_examples=10)
@given(curves())
def test_a_monitor_goes_on_judging_after_its_stop_and_is_fresh_after_a_reset(curve):
    monitor = Monitor(criteria=Patience(3), min_epochs=0)
    first = replay(monitor, *curve)
    assert len(first) == len(curve[1])
    monitor.reset()
    assert plain(replay(monitor, *curve)) == plain(first)


@pytest.mark.parametrize("epochs", [127, 128, 129, 256, 257])
def test_nothing_happens_to_the_best_where_bins_are_merged(epochs):
    rng = np.random.default_rng(epochs)
    val = rng.normal(size=epochs)
    decisions = replay(Monitor(), val, val, np.full(epochs, 0.1))
    assert [d.best_step for d in decisions] == [int(np.argmin(val[: n + 1])) for n in range(epochs)]
