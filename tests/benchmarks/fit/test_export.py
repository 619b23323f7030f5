"""Fitted trees say the same in the package as in scikit-learn, also of what is missing."""

import numpy as np
import pytest

from convergence_callbacks.core.models.boosted_trees import BoostedTrees


def test_missing_numbers_go_where_the_fit_sent_them(tmp_path):
    ensemble = pytest.importorskip("sklearn.ensemble", reason="needs the extra 'record'")
    from benchmarks.fit.export import arrays_of, save, trees_of

    rng = np.random.default_rng(0)
    read = rng.normal(size=(400, 3))
    wanted = 2 * read[:, 0] + np.where(read[:, 1] > 0, 1.0, -1.0)
    read[rng.random(read.shape) < 0.3] = np.nan
    model = ensemble.HistGradientBoostingRegressor(max_iter=20, early_stopping=False).fit(read, wanted)
    start, trees = trees_of(model)
    save(tmp_path / "trees.npz", arrays_of("abc", [start], trees, "said"))
    stored = BoostedTrees.stored(np.load(tmp_path / "trees.npz"), "said")
    for each in (stored, BoostedTrees.of("abc", [start], trees)):
        np.testing.assert_allclose(each.predict_rows(read[:60])[:, 0], model.predict(read[:60]), rtol=0, atol=1e-12)
    assert stored.predict(dict(zip("abc", read[0], strict=True))) == pytest.approx(model.predict(read[:1]), abs=1e-12)


def test_the_same_trees_give_the_same_file(tmp_path):
    pytest.importorskip("sklearn.ensemble", reason="needs the extra 'record'")
    from benchmarks.fit.export import arrays_of, save

    stump = ((0, -1, -1), (5.0, 1.0, 2.0), (1, 0, 0), (2, 0, 0))
    for name in ("one.npz", "other.npz"):
        save(tmp_path / name, {**arrays_of("a", [0.5], [stump], "said"), "levels": np.arange(3.0)})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
