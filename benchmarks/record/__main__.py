"""Record the curves: `python -m benchmarks.record` (two hours on two cores; goes on where it was stopped)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from joblib import Parallel, delayed
from rich.progress import track

from benchmarks.record.curves import HELD_OUT, RECORDED, Recorded
from benchmarks.record.tasks import Task, draw_held_out_tasks, draw_tasks
from benchmarks.record.train import record


def record_task(task: Task, folder: Path) -> None:
    """Train a task at all its learning rates, unless that was done before."""
    file = folder / f"{task.name}.npz"
    if file.exists():
        return
    recorded = Recorded()
    for multiplier in task.multipliers:
        rows, baseline, baseline_few = record(task, multiplier)
        run = f"{task.name}-x{multiplier:g}"
        of_training = {"run": run, "multiplier": multiplier, "baseline": baseline, "baseline_few": baseline_few}
        recorded.add(run, rows, {**task.to_dict(), **of_training})
    unfinished = folder / f".{task.name}.npz"
    recorded.save(unfinished)
    unfinished.rename(file)  # a killed process leaves no half file


def pack(folder: Path, out: Path) -> int:
    """Put what is finished into one file, with what that holds already; returns the number of runs."""
    recorded = Recorded.load(out) if out.exists() else Recorded()
    for file in sorted(folder.glob("*.npz")):
        recorded.update(Recorded.load(file))
    recorded.save(out)
    return len(recorded.metadata)


def record_all(tasks: Sequence[Task], jobs: int, folder: Path, out: Path) -> None:
    """Train what is not in the file yet, the shortest first, and put it there."""
    folder.mkdir(parents=True, exist_ok=True)
    done = Recorded.load(out).tasks if out.exists() else set()
    todo = sorted((task for task in tasks if task.name not in done), key=lambda task: task.effort)
    work = Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(record_task)(task, folder) for task in todo)
    for _ in track(work, total=len(todo), description=f"training for {out.name}"):
        pass
    print(f"{pack(folder, out)} runs in {out}")


def main(
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
    folder: Annotated[Path, typer.Option(help="where the finished tasks go")] = Path("benchmark-output"),
) -> None:
    """Train every task to its full budget, stopping nothing, and keep the curves."""
    record_all(draw_held_out_tasks(84, 42), jobs, folder / "held-out-tasks", HELD_OUT)
    record_all(draw_tasks(252, 320, 240), jobs, folder / "tasks", RECORDED)


if __name__ == "__main__":
    typer.run(main)
