"""Write the page of tested combinations, after trying each: ``python -m tests.processes.table``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.processes.combinations import COMBINATIONS, disagreements

PAGE = Path(__file__).parents[2] / "docs" / "combinations.md"
INTRODUCTION = """# On several processes and devices

Each row is trained by `make combinations` with both `ConvergenceStopping` and `EarlyStopping`, in the number of
situations given: all processes see the same, only one sees that progress ended, one sees no number, the metric is on
one of them only, on none. In each, all processes have to decide the same at the same epoch, in a bounded time.

| framework | backend | strategy | processes | devices of each | precision | situations |
|---|---|---|---|---|---|---|
"""
BEYOND = """
Lightning trains with FSDP and DeepSpeed on GPUs only, so these are not tried here; the callbacks ask nothing of a
strategy but `all_gather` and `broadcast`, which every strategy of Lightning has.
"""


def rows() -> list[str]:
    """A row of each combination, once it was tried."""
    made = []
    for combination in COMBINATIONS:
        with tempfile.TemporaryDirectory() as folder:
            ranks = combination.run(Path(folder))
        if wrong := disagreements(ranks):
            raise SystemExit(f"{combination}: {wrong}")
        made.append(combination.row(sum(not name.startswith("stock") for name in ranks[0])))
        print(made[-1], end="")
    return made


if __name__ == "__main__":
    PAGE.write_text(INTRODUCTION + "".join(rows()) + BEYOND)
    print(f"wrote {PAGE}")
