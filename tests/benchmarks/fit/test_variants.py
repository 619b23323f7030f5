"""What else a recorded run could have been."""

import numpy as np
import pytest

from benchmarks.fit import variants
from convergence_callbacks.core.curve.series import noise_of
from tests.benchmarks.measure.test_rules import run_of

RUN = run_of(0.2 + np.exp(-np.arange(60) / 8))


@pytest.mark.parametrize("vary", [vary for vary, _ in variants.VARIANTS])
def test_a_variant_is_the_same_on_every_machine_and_leaves_the_run_alone(vary):
    before = RUN.val.copy()
    first, again = (vary(RUN, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.val, again.val)
    np.testing.assert_array_equal(RUN.val, before)
    assert first.name != RUN.name


def test_a_budget_that_is_cut_keeps_what_came_before():
    short = variants.cut_short(RUN, np.random.default_rng(0))
    assert 12 <= short.epochs < 60
    np.testing.assert_array_equal(short.val, RUN.val[: short.epochs])
    assert len(short.train) == len(short.lr) == short.epochs


def test_a_loss_that_is_thrown_off_comes_back():
    thrown = variants.thrown_off(RUN, np.random.default_rng(1))
    excess = thrown.val - RUN.val
    assert excess.max() > 0.1 and excess[0] == 0 and excess[-1] < 0.2 * excess.max()


def test_a_hard_start_rests_before_the_run_begins():
    late = variants.late(RUN, np.random.default_rng(2))
    rest = late.epochs - RUN.epochs
    assert rest >= 3 and len(late.train) == len(late.lr) == late.epochs
    np.testing.assert_array_equal(late.val[rest:], RUN.val)
    assert np.ptp(late.val[rest // 2 : rest]) < 0.2


def test_few_digits_make_ties_and_a_spike_comes_back():
    assert len(set(variants.rounded(RUN, np.random.default_rng(0)).val)) < RUN.epochs
    excess = variants.spiked(RUN, np.random.default_rng(0)).val - RUN.val
    assert excess.max() > 0.3 and excess[: excess.argmax()].max() == pytest.approx(0, abs=1e-12)


def test_a_smooth_run_has_hardly_any_noise_and_a_generous_budget_goes_on_as_it_ended():
    rng = np.random.default_rng(0)
    rough = run_of(0.2 + np.exp(-np.arange(60) / 4) + 0.005 * rng.standard_normal(60))
    assert noise_of(variants.smooth(rough, rng).val[20:]) < 0.3 * noise_of(rough.val[20:])
    long = variants.generous(rough, rng)
    assert long.epochs > rough.epochs and len(long.lr) == len(long.train) == long.epochs
    assert long.val[60:].mean() == pytest.approx(0.2, abs=0.02)


def test_some_runs_get_variants():
    runs = [run_of(0.2 + np.exp(-np.arange(60) / slow)) for slow in range(3, 12)]
    assert len(runs) <= len(variants.with_variants(runs)) <= 10 * len(runs)
