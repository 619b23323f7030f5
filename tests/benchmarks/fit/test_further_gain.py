"""The fit, on a few made-up runs."""

import dataclasses

import numpy as np
import pytest

from tests.benchmarks.measure.test_rules import run_of


def made_up_runs():
    rng = np.random.default_rng(0)
    for data in range(6):
        for slow in (2, 16):
            val = 0.2 + np.exp(-np.arange(50) / slow) + rng.normal(0, 0.005, 50)
            yield dataclasses.replace(run_of(val), name=f"{data}-{slow}", data=str(data))


def test_what_is_stored_says_what_the_model_says(monkeypatch):
    pytest.importorskip("sklearn", reason="needs the extra 'record'")
    from benchmarks.fit import further_gain as fit
    from benchmarks.fit.further_gain_rows import rows_of
    from convergence_callbacks.core.models.boosted_trees import BoostedTrees
    from convergence_callbacks.core.models.features import names

    monkeypatch.setattr(fit, "TREES", 25)
    monkeypatch.setattr(fit, "FOLDS", 2)
    rows = [rows_of(run, np.full(run.epochs, True), baseline_known=True) for run in made_up_runs()]
    model = fit.fit(rows)
    levels = fit.levels_of(fit.left_out(rows, rows), rows)
    assert (np.diff(levels.gain) >= 0).all() and levels.gain[-1] > levels.gain[0]
    stored = fit.arrays(model, levels)
    worth = BoostedTrees.stored(stored, "worth")
    np.testing.assert_array_equal([stored["levels"], stored["gain"]], [levels.worth, levels.gain])
    assert worth.features == names()
    read = rows[5].features[::7]
    np.testing.assert_allclose(worth.predict_rows(read)[:, 0], model.predict(read), rtol=0, atol=1e-9)
