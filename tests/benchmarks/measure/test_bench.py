"""The whole command, on a few runs."""

import pytest

from benchmarks.record.curves import HELD_OUT, Recorded


def test_the_command_writes_tables_and_pictures(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="needs the extra 'bench'")
    from benchmarks.measure import speed
    from benchmarks.measure.bench import main

    monkeypatch.setattr(speed, "UPDATES", 20_000)
    recorded, few = Recorded.load(HELD_OUT), Recorded()
    short = [known for known in recorded.known if known["epochs"] <= 50 and known["fault"] == "none"]
    tasks = sorted({known["name"] for known in short})[::5]
    for known in short:
        if known["name"] in tasks and known["multiplier"] in (0.1, 1.0):
            few.add(known["run"], recorded.rows[known["run"]], known)
    few.save(tmp_path / "few.npz")
    main(tmp_path / "few.npz", tmp_path / "out", jobs=1)
    table = (tmp_path / "out" / "rules.md").read_text(encoding="utf-8")
    assert "| default, tolerance 1 % |" in table
    assert "| 0.01 |" in table
    assert "| told | runs | better validation loss |" in table and "the shortest" not in table
    assert "| macro-F1 at the end |" in (tmp_path / "out" / "diagnosis.md").read_text(encoding="utf-8")
    for picture in ("frontier", "worst-stops", "confusion", "mistakes"):
        assert (tmp_path / "out" / f"{picture}.png").stat().st_size > 10_000
