"""The whole command, on a few runs."""

import numpy as np
import pytest

from benchmarks.record.curves import HELD_OUT, Recorded
from tests.benchmarks.record.test_histories import write


def test_the_command_writes_tables_and_pictures(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="needs the extra 'bench'")
    from benchmarks.measure import speed
    from benchmarks.measure.bench import main

    monkeypatch.setattr(speed, "UPDATES", 20_000)
    recorded, few = Recorded.load(HELD_OUT), Recorded()
    short = [details for details in recorded.metadata if details["epochs"] <= 50 and details["fault"] == "none"]
    tasks = sorted({details["name"] for details in short})[::5]
    for details in short:
        if details["name"] in tasks and details["multiplier"] in (0.1, 1.0):
            few.add(details["run"], recorded.rows[details["run"]], details)
    few.save(tmp_path / "few.npz")
    public = write(tmp_path / "public.npz", *(("a/b", 1 + 0.9 ** np.arange(n), {"domain": "speech"}) for n in (25, 60)))
    main([public], tmp_path / "few.npz", tmp_path / "out", jobs=1)
    table = (tmp_path / "out" / "rules.md").read_text(encoding="utf-8")
    first, second = table.split("## Recorded trainings")
    assert "## Public histories" in first and "2 runs of 1 projects, each counted alike" in first
    for part in (first, second):
        assert "| default, tolerance 1% |" in part and "neither known |" in part
        assert all(f"| {knows} | 1% |" in part for knows in ("budget and schedule", "budget alone", "neither"))
        assert "| with 15 times the gain added |" in part
    assert "| speech | 2 | 1 |" in first and "| 0 to 29 epochs | 1 | 1 |" in first
    assert "| given 10 times the epochs |" in second and "| at the default rule's stop | " in second
    assert "| found | runs | better validation loss |" in table and "the shortest" not in table
    assert "| macro-F1 at the end |" in (tmp_path / "out" / "diagnosis.md").read_text(encoding="utf-8")
    for picture in ("frontier", "worst-stops", "confusion", "mistakes"):
        assert (tmp_path / "out" / f"{picture}.png").stat().st_size > 10_000
