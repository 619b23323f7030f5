"""The notebooks run from the first cell to the last, and show what they promise."""

import os
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="needs pip install 'convergence-callbacks[dev]'")
import nbformat

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

NEEDS = {"false_convergence": "lightning"}
"""The framework of a notebook that is not named after it."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_a_picture_and_a_verdict(path, tmp_path, monkeypatch):
    needed = NEEDS.get(path.stem, path.stem)
    pytest.importorskip(needed, reason=f"needs pip install 'convergence-callbacks[{needed}]'")
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "torch"))
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any("stop at epoch" in output.get("text", "") for output in outputs)
    assert (tmp_path / "digits.png").is_file()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    assert not any(cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells)
