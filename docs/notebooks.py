"""Run the notebooks and keep what they show: ``python -m docs.notebooks [NAME …]``."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "notebooks"

SECONDS = 600
"""How long a cell may take."""

NUMBER = re.compile(r"[<>]?[-+−±]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?")
"""A number, which another machine may print a little differently."""

ADDRESS = re.compile(r"<.* at 0x[0-9a-f]+>")
"""An object that has no words of its own: where it lies says nothing to a reader, and is another place each time."""

VARIES = re.compile(r" \(#(?: d| h| min| s)(?: # (?:h|min))?\)| \(as good within the noise: epochs? #(?: to #)?\),?")
"""What not every run says, as `words_of` sees it: the time saved on this machine, and epochs as good as the best."""

SHOWN = ("text/plain", "image/png")
"""What is kept of an output: no script, no page."""


def executed(path: Path, folder: Path) -> Any:
    """The notebook as it is after a fresh run, without noise: only what its cells print and draw.

    Args:
        path: The notebook.
        folder: Where it runs, and writes its files.
    """
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = list(filter(None, map(_kept, cell.outputs)))
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def words_of(notebook: Any) -> list[str]:
    """What each cell prints, a line each, with # for every number, and nothing that varies."""
    lines = (line for text in _texts(notebook) for line in text.splitlines())
    return [VARIES.sub("", re.sub(r" +", " ", NUMBER.sub("#", line))).rstrip() for line in lines]


def _texts(notebook: Any) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            if "<Figure" not in text and "<IPython" not in text:
                yield text


def _kept(output: Any) -> Any:
    """An output without what is only for the screen of its run; None where nothing is left."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    if "execution_count" in output:
        output.execution_count = None
    output.metadata = {}
    output.data = {kind: output.data[kind] for kind in SHOWN if kind in output.data}
    if ADDRESS.fullmatch(output.data.get("text/plain", "")):
        return None
    return output if output.data else None


def main(names: list[str]) -> None:
    """Run all notebooks, or those of these names, and write them."""
    import nbformat

    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.stem in names:
            with tempfile.TemporaryDirectory() as folder:
                nbformat.write(executed(path, Path(folder)), path)


if __name__ == "__main__":
    main(sys.argv[1:])
