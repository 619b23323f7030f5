"""Write the page of defects, each tried on the installed frameworks first: ``python -m tests.defects.table``."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

import keras
import lightning
import lightning.pytorch.callbacks

import convergence_callbacks.keras
import convergence_callbacks.lightning
from tests.defects import keras_defects, lightning_defects
from tests.defects.defect import Defect

PAGE = Path(__file__).parents[2] / "docs" / "defects.md"
INTRODUCTION = """# What the frameworks' own `EarlyStopping` does wrong

Each row is a small training in `tests/defects` that shows the defect on the callback of the framework, at the version
given, and not on ours. `make defects` tries them all on what is installed, and writes this page.
"""

STOCK: dict[str, tuple[str, list[Defect], type[Any], type[Any]]] = {
    "Lightning": (
        lightning.__version__,
        lightning_defects.DEFECTS,
        lightning.pytorch.callbacks.EarlyStopping,
        convergence_callbacks.lightning.EarlyStopping,
    ),
    "Keras": (
        keras.__version__,
        keras_defects.DEFECTS,
        keras.callbacks.EarlyStopping,
        convergence_callbacks.keras.EarlyStopping,
    ),
}


def page() -> str:
    """The page as it should be, for the installed versions."""
    return INTRODUCTION + "".join(
        f"\n## {name} {version}\n\n| the stock callback | reported | ours |\n|---|---|---|\n"
        + "".join(f"| {defect.symptom} | {defect.reported} | {defect.instead} |\n" for defect in defects)
        for name, (version, defects, _, _) in STOCK.items()
    )


def gone(name: str) -> list[str]:
    """Defects that no longer show in the installed version, or show in ours."""
    _, defects, theirs, ours = STOCK[name]
    return [str(defect) for defect in defects if not _shows(defect, theirs) or _shows(defect, ours)]


def _shows(defect: Defect, kind: type[Any]) -> bool:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return defect.shows(kind, Path(folder))


if __name__ == "__main__":
    for framework in STOCK:
        if wrong := gone(framework):
            raise SystemExit(f"{framework}: not as the page says: {', '.join(wrong)}")
    PAGE.write_text(page())
    print(f"all reproduced; wrote {PAGE}")
