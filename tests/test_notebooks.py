"""The notebooks run from the first cell to the last, and show what is kept of them."""

import os
import re
from pathlib import Path

import pytest

pytest.importorskip("nbclient", reason="needs pip install 'convergence-callbacks[dev]'")
import nbformat

from docs.notebooks import FOLDER, executed, words_of

NEEDS = {
    "campaign": ("torch", "statsmodels"),
    "compare": ("sklearn",),
    "false_convergence": ("lightning",),
    "heal": ("lightning", "sklearn"),
}
"""What a notebook needs, where that is not what it is called after."""

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

LARGEST = 250_000
"""Bytes of a notebook with its outputs."""


def kept(path: Path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_is_kept_of_it(path, tmp_path, monkeypatch):
    for module in NEEDS.get(path.stem, (path.stem,)):
        pytest.importorskip(module, reason="needs pip install 'convergence-callbacks[dev]'")
    if path.stem == "keras" and os.environ.get("KERAS_BACKEND", "torch") != "torch":
        pytest.skip("what is kept was made on PyTorch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    fresh = executed(path, tmp_path)
    assert words_of(fresh) == words_of(kept(path)), f"run python -m docs.notebooks {path.stem}"
    assert list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_kept_of_a_notebook_is_small_and_shows_a_picture_and_a_verdict(path):
    outputs = [output for cell in kept(path).cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any(re.search("(stop|Stopped) at (epoch|evaluation)", output.get("text", "")) for output in outputs)
    assert all(output.get("name") != "stderr" and "text/html" not in output.get("data", {}) for output in outputs)
    assert path.stat().st_size < LARGEST
