"""Histories that public projects logged, read as they are laid out."""

import json

import numpy as np
import pytest

from benchmarks.record.histories import load, sources_of, weights_of


def write(file, *histories):
    """A file of histories, each a project, its losses and what else is known."""
    arrays, meta = {}, []
    for place, (repo, val, details) in enumerate(histories):
        arrays |= {f"r{place}_{name}": np.asarray(val, float) for name in ("train", "val")}
        arrays[f"r{place}_lr"] = np.full(len(val), np.nan)
        meta.append({"repo": repo, "path": f"{place}.csv", **details})
    np.savez(file, meta=np.array(json.dumps(meta)), **arrays)
    return file


FALLS = np.linspace(3.0, 1.0, 30)


def test_a_history_is_a_run_of_its_project(tmp_path):
    (run,) = load([write(tmp_path / "some.npz", ("a/b", FALLS, {"domain": "speech", "commit": "c0ffee"}))])
    assert (run.name, run.data, run.domain, run.epochs) == ("some-0", "a/b", "speech", 30)
    assert run.baseline == 3.0 and run.gain == pytest.approx(2.0)
    assert sources_of([tmp_path / "some.npz"]) == [("a/b", "0.csv", "c0ffee")]


def test_what_is_short_or_gains_nothing_says_nothing(tmp_path):
    file = write(tmp_path / "some.npz", ("a/b", FALLS[:19], {}), ("a/b", np.ones(30), {}), ("a/b", FALLS, {}))
    assert [run.name for run in load([file])] == ["some-2"]


def test_an_epoch_without_a_loss_is_left_out(tmp_path):
    (run,) = load([write(tmp_path / "some.npz", ("a/b", [*FALLS, np.nan], {}))])
    assert run.epochs == 30


def test_each_project_counts_alike(tmp_path):
    runs = load([write(tmp_path / "some.npz", ("a/b", FALLS, {}), ("a/b", FALLS, {}), ("c/d", FALLS, {}))])
    assert weights_of(runs).tolist() == [0.25, 0.25, 0.5]
