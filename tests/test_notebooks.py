"""The notebooks run from the first cell to the last, and show what they promise."""

import os
import re
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="needs pip install 'convergence-callbacks[dev]'")
import nbformat

NEEDS = {"campaign": ("torch", "statsmodels"), "compare": ("sklearn",), "false_convergence": ("lightning",)}
"""What a notebook needs, where that is not what it is called after."""

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_a_picture_and_a_verdict(path, tmp_path, monkeypatch):
    for module in NEEDS.get(path.stem, (path.stem,)):
        pytest.importorskip(module, reason="needs pip install 'convergence-callbacks[dev]'")
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "torch"))
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any(re.search("(stop|Stopped) at (epoch|evaluation)", output.get("text", "")) for output in outputs)
    assert list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    assert not any(cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells)
