"""The fit, on a few made-up runs."""

import dataclasses

import numpy as np
import pytest

from benchmarks.rows import feature_names
from tests.benchmarks.test_rules import run_of


def made_up_runs():
    rng = np.random.default_rng(0)
    for data in range(6):
        for slow in (2, 16):
            val = 0.2 + np.exp(-np.arange(50) / slow) + rng.normal(0, 0.005, 50)
            yield dataclasses.replace(run_of(val), name=f"{data}-{slow}", data=str(data))


def test_the_module_that_is_written_says_what_the_model_says(tmp_path, monkeypatch):
    pytest.importorskip("sklearn", reason="needs the extra 'record'")
    from benchmarks import fit
    from benchmarks.rows import all_rows
    from convergence_callbacks.core.boosted_trees import BoostedTrees

    monkeypatch.setattr(fit, "TREES", 25)
    monkeypatch.setattr(fit, "FOLDS", 2)
    rows = all_rows(list(made_up_runs()), jobs=1)
    model = fit.fit(rows)
    levels = fit.levels_of(fit.left_out(rows, rows), rows)
    assert (np.diff(levels.gain) >= 0).all() and levels.gain[-1] > levels.gain[0]
    module: dict[str, object] = {}
    exec(fit.module_text(model, levels, ["made-up"]), module)
    assert module["FEATURES"] == feature_names()
    start, trees = model.trees()
    exact = BoostedTrees.of(feature_names(), start, trees)
    written = BoostedTrees.of(module["FEATURES"], module["START"], module["TREES"])
    for read in rows[5].features[::7]:
        known = dict(zip(feature_names(), read, strict=True))
        assert exact.predict(known) == pytest.approx(model.predict(np.array([read]))[0], abs=1e-9)
        assert written.predict(known) == pytest.approx(exact.predict(known), abs=1e-3)
