"""What it takes to compare rules on many logs: ``python -m benchmarks.measure.workload 1000``."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor

from convergence_callbacks.compare import compare, rule_from
from convergence_callbacks.compare.rules import USUAL

EPOCHS = 200
WHOLE = 10_000
"""Runs that the figures are also scaled to."""


def main(runs: int = 1_000, jobs: int = -1) -> None:
    """Write so many logs, compare the usual rules on them, and print what that took."""
    with tempfile.TemporaryDirectory() as folder:
        write_logs(Path(folder), runs)
        before, began = _processor(), time.perf_counter()
        compared = compare(folder, {name: rule_from(name) for name in USUAL}, jobs=jobs)
        took = time.perf_counter() - began
        get_reusable_executor().shutdown(wait=True)  # what its processes used is known once they have ended
        spent = _processor() - before
    figures = {
        "runs": f"{compared.runs + compared.without_gain:,} of {EPOCHS} epochs under {len(USUAL)} rules",
        "took": f"{took:.0f} s",
        "processor time": f"{spent:.0f} s, {1e3 * spent / runs:.1f} ms a run",
        f"processor time of {WHOLE:,} runs": f"{WHOLE * spent / runs:.0f} s",
        "most memory of a process": f"{_memory():.0f} MB",
    }
    print("\n".join(f"{name:32}{value}" for name, value in figures.items()))


def write_logs(folder: Path, runs: int) -> None:
    """CSV logs of trainings that converge, some fast, some slowly; a third of them overfits."""
    for run, rows in enumerate(_trainings(runs)):
        lines = (f"{epoch},{train:.6g},{val:.6g},0.1\n" for epoch, (train, val) in enumerate(rows))
        (folder / f"run{run}.csv").write_text("epoch,train_loss,val_loss,lr\n" + "".join(lines))


def _trainings(runs: int) -> Iterator[np.ndarray]:
    rng, epoch = np.random.default_rng(0), np.arange(EPOCHS)
    for run in range(runs):
        fall, noise = rng.uniform(5, 80), rng.uniform(0.002, 0.03)
        rise = 0.003 * (run % 3 == 0) * np.maximum(0, epoch - fall)
        curve = np.exp(-epoch / fall)
        train = 0.1 + curve + noise / 3 * rng.normal(size=EPOCHS)
        yield np.stack([train, 0.3 + curve + rise + noise * rng.normal(size=EPOCHS)], axis=1)


def _processor() -> float:
    """Seconds that this process and its children used a processor."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _memory() -> float:
    """Megabytes that this process or one of its children held at once, at most."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
