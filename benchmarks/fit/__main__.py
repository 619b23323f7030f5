"""Fit the models that ship with the package: `make fit`, or `make fit HISTORIES="one.npz other.npz"` (an hour)."""

from __future__ import annotations

import datetime
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.fit import diagnosis, further_gain, loss_forecast
from benchmarks.fit.export import PACKAGE, save
from benchmarks.fit.provenance import Data, provenance
from benchmarks.record import histories
from benchmarks.record.curves import RECORDED, load
from convergence_callbacks.core.models.stored import FILE

FITS = {"further_gain": further_gain.fitted, "diagnosis": diagnosis.fitted, "loss_forecast": loss_forecast.fitted}

FOLDERS = {
    "further_gain": "core/models/further_gain",
    "diagnosis": "core/models/diagnosis",
    "loss_forecast": "forecast",
}
"""Where each model lies in the package."""


def main(
    logged: Annotated[list[Path] | None, typer.Argument(help="public histories to fit to as well, as .npz")] = None,
    only: Annotated[list[str] | None, typer.Option(help=f"a model: {', '.join(FITS)}")] = None,
    curves: Annotated[Path, typer.Option(help="recorded curves")] = RECORDED,
    out: Annotated[Path, typer.Option(help="folder of the package that they are for")] = PACKAGE,
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Fit the models to recorded trainings; write their trees and where they come from."""
    data = Data(load(curves), histories.load(logged or ()), histories.sources_of(logged or ()))
    for model in only or FITS:
        print(f"fitting {model} to {len(data.recorded)} recorded runs and {len(data.histories)} histories")
        made = FITS[model](data, jobs)
        folder = out / FOLDERS[model]
        folder.mkdir(parents=True, exist_ok=True)
        save(folder / FILE, made.arrays)
        command = shlex.join(["python", "-m", "benchmarks.fit", *(Path(each).name for each in sys.argv[1:])])
        text = provenance(model, made, data, command, datetime.datetime.now(datetime.UTC).date())
        (folder / "PROVENANCE.md").write_text(text, encoding="utf-8")
        print(f"{folder / FILE}: {(folder / FILE).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    typer.run(main)
