"""How the forecast is measured, and how its model is written."""

import dataclasses

import numpy as np
import pytest

from benchmarks.fit.loss_forecast_rows import epochs_left, fitted_rows, forecastable, level_of
from benchmarks.record.curves import HELD_OUT, Recorded
from convergence_callbacks import Estimate
from tests.benchmarks.fit.test_further_gain import made_up_runs


def test_the_epochs_left_are_those_until_nothing_more_is_worth_waiting_for():
    losses = np.array([1.0, 0.5, 0.2, 0.1, 0.3, 0.0])
    assert epochs_left(losses, 2, 0.05) == 4
    assert epochs_left(losses, 2, 0.1) == 2
    assert epochs_left(losses, 5, 0.1) == 0


def test_the_level_has_no_noise_of_single_epochs():
    assert level_of(np.array([9.0, 1.0, 50.0, 2.0])) == 2.0


def test_a_run_that_explodes_is_not_forecast():
    run = next(made_up_runs())
    assert forecastable(run)
    assert not forecastable(dataclasses.replace(run, train=np.full(run.epochs, np.nan)))


def test_the_last_value_s_interval_is_the_narrowest_interval_that_holds_as_often():
    from benchmarks.measure.forecast import narrowest

    assert narrowest(np.array([0.0, 1.0, 1.1, 1.2, 9.0]), 0.6) == pytest.approx(0.2)


def test_an_interval_is_held_or_missed():
    from benchmarks.measure.forecast import Held, Looks

    held = [Held("a", Estimate(0, 1, 2), came, now=0.0, unit=2.0) for came in (0.5, 2.0, 2.1, 1.0)]
    assert [each.holds for each in held] == [True, True, False, True]
    coverage, width, last_value_width = Looks("loss", 0.5, tuple(held)).figures()
    assert (coverage, width) == (0.75, 1.0) and last_value_width == pytest.approx(0.55)


def test_intervals_are_widened_until_they_hold_in_all_stages():
    pytest.importorskip("sklearn", reason="needs the extra 'bench'")
    from benchmarks.fit.loss_forecast import OUTSIDE, widened

    rows = fitted_rows(list(made_up_runs()), jobs=1)
    came = np.random.default_rng(0).normal(size=len(rows))
    quantiles = np.stack([np.full(len(rows), end) for end in (-1.0, 0.0, 1.0)])
    factors = widened(quantiles, came, rows, np.zeros(len(rows)))
    assert np.shape(factors) == (2, 4)
    holds = [abs(value) <= factors[row.of == "train"][-1] for value, row in zip(came, rows, strict=True)]
    assert np.mean(holds) > 1 - 2 * OUTSIDE


def test_what_is_stored_can_be_read_back():
    pytest.importorskip("sklearn", reason="needs the extra 'bench'")
    from benchmarks.fit import loss_forecast as fit_forecast
    from convergence_callbacks.core.models.boosted_trees import BoostedTrees
    from convergence_callbacks.forecast.features import names, names_with_tolerance

    rows = fitted_rows(list(made_up_runs()), jobs=1)
    stored = fit_forecast.arrays(rows)
    level, left = BoostedTrees.stored(stored, "level"), BoostedTrees.stored(stored, "left")
    assert stored["level_wider"].shape == stored["left_wider"].shape == (2, 4)
    assert level.features == names() == tuple(rows[0].features)
    assert left.features == (*names(), *names_with_tolerance())
    assert names_with_tolerance() == tuple(rows[0].left_features)
    assert level.predict(rows[0].features).shape == (3,)
    assert left.predict({**rows[0].features, **rows[0].left_features}).shape == (3,)


def test_the_command_writes_the_table(tmp_path):
    from benchmarks.measure.forecast import main

    recorded, few = Recorded.load(HELD_OUT), Recorded()
    for details in recorded.metadata:
        if details["multiplier"] == 1.0 and details["epochs"] in (15, 80) and details["fault"] == "none":
            few.add(details["run"], recorded.rows[details["run"]], details)
    few.save(tmp_path / "few.npz")
    main(tmp_path / "few.npz", tmp_path / "out", jobs=1)
    table = (tmp_path / "out" / "forecast.md").read_text(encoding="utf-8")
    assert "| validation loss at the end | 50% |" in table
    assert "| epochs left, by train loss | 75% |" in table and "| sublinear, noise" in table
