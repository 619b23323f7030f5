"""One command fits all models, and says where each comes from."""

import dataclasses

import numpy as np
import pytest

from tests.benchmarks.fit.test_further_gain import made_up_runs
from tests.benchmarks.record.test_histories import FALLS, write


def made(data, jobs):
    from benchmarks.fit.provenance import Made

    return Made({"levels": np.arange(3.0)}, "Nothing much.", [*data.recorded, *data.histories], {"macro-F1": 0.81})


def test_each_model_is_written_beside_its_provenance(tmp_path, monkeypatch):
    pytest.importorskip("sklearn", reason="needs the extra 'bench'")
    from benchmarks.fit import __main__ as pipeline

    recorded = [dataclasses.replace(run, domain="recorded") for run in made_up_runs()]
    monkeypatch.setattr(pipeline, "FITS", dict.fromkeys(("further_gain", "diagnosis"), made))
    monkeypatch.setattr(pipeline, "load", lambda curves: recorded)
    monkeypatch.setattr("sys.argv", ["fit", str(tmp_path / "public.npz")])
    logged = write(tmp_path / "public.npz", ("a/b", FALLS, {"commit": "c0ffee", "domain": "speech"}))
    pipeline.main([logged], out=tmp_path)
    assert np.load(tmp_path / "core/models/diagnosis/trees.npz")["levels"].tolist() == [0, 1, 2]
    page = (tmp_path / "core/models/further_gain/PROVENANCE.md").read_text(encoding="utf-8")
    assert "## What was fitted\n\nNothing much." in page
    assert "12 runs of 6 data sets: 0, 1, 2, 3, 4, 5." in page
    assert "1 histories that 1 public projects logged" in page and "- a/b: `0.csv` at c0ffee" in page
    assert "by `python -m benchmarks.fit public.npz`." in page and "- macro-F1: 0.81" in page


def test_public_histories_count_by_project_and_more_than_recorded_runs():
    pytest.importorskip("sklearn", reason="needs the extra 'bench'")
    from benchmarks.fit import further_gain as fit

    recorded = list(made_up_runs())
    logged = [dataclasses.replace(run, domain="speech", data=name) for run, name in zip(recorded, "aab", strict=False)]
    weights = fit._weights([*recorded, *logged])
    assert set(weights[:12]) == {1.0}
    assert weights[12:] == pytest.approx([fit.HISTORIES * 3 * share for share in (0.25, 0.25, 0.5)])
