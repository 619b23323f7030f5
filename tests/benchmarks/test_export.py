"""Fitted trees say the same in the package as in scikit-learn, also of what is missing."""

import numpy as np
import pytest

from convergence_callbacks.core.boosted_trees import BoostedTrees


def test_missing_numbers_go_where_the_fit_sent_them():
    ensemble = pytest.importorskip("sklearn.ensemble", reason="needs the extra 'record'")
    from benchmarks.export import trees_of

    rng = np.random.default_rng(0)
    read = rng.normal(size=(400, 3))
    wanted = 2 * read[:, 0] + np.where(read[:, 1] > 0, 1.0, -1.0)
    read[rng.random(read.shape) < 0.3] = np.nan
    model = ensemble.HistGradientBoostingRegressor(max_iter=20, early_stopping=False).fit(read, wanted)
    trees = BoostedTrees.of(("a", "b", "c"), *trees_of(model))
    for row, said in zip(read[:60], model.predict(read[:60]), strict=True):
        assert trees.predict(dict(zip("abc", row, strict=True))) == pytest.approx(said, abs=1e-9)
