"""How often the data check finds what is wrong, and what it reports for sound tasks: `make datacheck` (five minutes).

Tasks are drawn as for the recorded trainings, two for each of their data sets: some have a hundred examples, some
wrong labels. Each is looked at as it is, and with every fault that its data can have planted in it. The gradients are
those of the first steps of the task's own network. The limits of the checks were chosen on eighteen of the data sets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from joblib import Parallel, delayed
from rich.console import Console
from torch import nn

from benchmarks.record.data import DATA, HELD_OUT, Data
from benchmarks.record.models import build, optimizer
from benchmarks.record.tasks import USUAL_RATE, Task, draw_task
from benchmarks.record.train import load, loss_of, split
from convergence_callbacks import Fault, Layer
from convergence_callbacks.data_check.check import faults_of
from convergence_callbacks.data_check.examples import Examples
from convergence_callbacks.data_check.independence import independent_labels, p_value
from convergence_callbacks.data_check.inputs import (
    constant_inputs,
    duplicated_inputs,
    non_finite_inputs,
    non_finite_targets,
    unscaled_inputs,
)
from convergence_callbacks.data_check.layers import (
    dead_layers,
    frozen_layers,
    non_finite_gradients,
    nothing_trained,
)
from convergence_callbacks.data_check.targets import broadcast_targets, single_class
from convergence_callbacks.torch import GradientWatch

MOST = 1000  # examples, as the callbacks keep
STEPS = 4  # of the network
SETS = (("chosen on", tuple(DATA)), ("others", tuple(HELD_OUT)))


@dataclass
class Case:
    """What a training shows at its start.

    Args:
        task: What is trained.
        data: Its data set.
        inputs: Some training examples.
        targets: What is to be learnt of them.
        outputs: What is compared with the targets, where its shape is not that of the targets.
    """

    task: Task
    data: Data
    inputs: np.ndarray
    targets: np.ndarray
    outputs: np.ndarray | None = None

    def examples(self, layers: tuple[Layer, ...] = ()) -> Examples:
        """The case as the checks take it."""
        return Examples.of(self.inputs, self.targets, self.outputs, layers)


def drawn(task: Task) -> Case:
    """A task as it is."""
    data = load(task.data, task.seed)
    inputs, targets = (part[:MOST].numpy() for part in split(task, data).train)
    return Case(task, data, inputs, targets)


def first_steps(
    case: Case, spoil: Callable[[nn.Module], object] = lambda model: None, broken: bool = False
) -> tuple[Layer, ...]:
    """What reaches the layers of the task's network in its first steps, once that is spoilt, or its loss broken."""
    torch.set_num_threads(1)
    torch.manual_seed(case.task.seed)
    inputs, targets = torch.as_tensor(case.inputs), torch.as_tensor(case.targets)
    model = build(case.task, case.data)
    spoil(model)
    weights, watch = optimizer(case.task, model, USUAL_RATE[case.task.optimizer]), GradientWatch(model)
    for batch in torch.randperm(len(inputs)).split(case.task.batch_size)[:STEPS]:
        loss = loss_of(case.data, model(inputs[batch]), targets[batch])
        loss = loss + torch.sqrt(0 * model(inputs[batch]).sum()) if broken else loss
        weights.zero_grad()
        if loss.requires_grad:
            loss.backward()
        watch.note()
        weights.step()
    return watch.layers()


# Each returns the examples with one fault planted, or None where the task can't have it.


def shuffled(case: Case) -> Examples | None:
    """The targets in another order."""
    if p_value(case.examples()) is None:  # too few examples to judge
        return None
    order = np.random.default_rng(case.task.seed).permutation(len(case.targets))
    return replace(case, targets=case.targets[order]).examples()


def duplicated(case: Case) -> Examples | None:
    """A twentieth of the inputs, over and over."""
    few = case.inputs[: max(2, len(case.inputs) // 20)]
    return replace(case, inputs=np.resize(few, case.inputs.shape)).examples()


def constant(case: Case) -> Examples | None:
    """One input for all."""
    return replace(case, inputs=np.repeat(case.inputs[:1], len(case.inputs), axis=0)).examples()


def nan_input(case: Case) -> Examples | None:
    """A single NaN among the inputs."""
    return None if case.data.kind == "text" else replace(case, inputs=with_one(case.inputs, np.nan)).examples()


def infinite_target(case: Case) -> Examples | None:
    """A single infinity among the targets."""
    return replace(case, targets=with_one(case.targets, np.inf)).examples() if case.data.kind == "values" else None


def one_class(case: Case) -> Examples | None:
    """The label of the first example for all."""
    if case.data.kind != "classes":
        return None
    return replace(case, targets=np.full_like(case.targets, case.targets[0])).examples()


def unscaled(case: Case) -> Examples | None:
    """Inputs a million times as large."""
    return None if case.data.kind == "text" else replace(case, inputs=case.inputs * 1e6).examples()


def broadcast(case: Case) -> Examples | None:
    """Outputs in a column, targets in a row."""
    if case.data.kind != "values" or case.data.outputs > 1:
        return None
    return replace(case, targets=case.targets[:, 0], outputs=np.zeros((len(case.targets), 1))).examples()


def all_frozen(case: Case) -> Examples | None:
    """No weight is to be trained."""
    return case.examples(first_steps(case, lambda model: model.requires_grad_(False)))


def mostly_frozen(case: Case) -> Examples | None:
    """All but the last layer is not to be trained."""

    def spoil(model: nn.Module) -> None:
        for parameter in list(model.parameters())[:-2]:
            parameter.requires_grad_(False)

    sizes = [parameter.numel() for parameter in build(case.task, case.data).parameters()]
    return case.examples(first_steps(case, spoil)) if sum(sizes[:-2]) > sum(sizes) / 2 else None


def dead_layer(case: Case) -> Examples | None:
    """A layer whose rectified units are all cut off."""
    if case.task.model != "mlp" or case.task.activation != "relu" or case.task.batch_norm:
        return None

    def spoil(model: nn.Module) -> None:
        first = next(module for module in model.modules() if isinstance(module, nn.Linear))
        nn.init.constant_(first.bias, -1e3)

    return case.examples(first_steps(case, spoil))


def nan_gradients(case: Case) -> Examples | None:
    """A root of zero in the loss."""
    return case.examples(first_steps(case, broken=True))


Check = Callable[[Examples], Fault | None]
PLANTED: dict[str, tuple[Callable[[Case], Examples | None], Check]] = {
    "labels shuffled": (shuffled, independent_labels),
    "a twentieth of the inputs, repeated": (duplicated, duplicated_inputs),
    "one input for all": (constant, constant_inputs),
    "one NaN among the inputs": (nan_input, non_finite_inputs),
    "one infinite target": (infinite_target, non_finite_targets),
    "one class": (one_class, single_class),
    "inputs a million times as large": (unscaled, unscaled_inputs),
    "targets (n,) against outputs (n, 1)": (broadcast, broadcast_targets),
    "all weights frozen": (all_frozen, nothing_trained),
    "all but the last layer frozen": (mostly_frozen, frozen_layers),
    "a layer of dead units": (dead_layer, dead_layers),
    "gradients NaN": (nan_gradients, non_finite_gradients),
}
"""What is planted, and the check that is to find it."""


def with_one(numbers: np.ndarray, value: float) -> np.ndarray:
    """Numbers of which one is replaced."""
    changed = np.array(numbers)
    changed.reshape(-1)[changed.size // 2] = value
    return changed


def looked_at(task: Task) -> tuple[list[str], dict[str, bool]]:
    """The faults reported for a sound task, and which planted faults are found."""
    case = drawn(task)
    planted = {name: (plant(case), check) for name, (plant, check) in PLANTED.items()}
    found = {name: check(spoilt) is not None for name, (spoilt, check) in planted.items() if spoilt is not None}
    return [fault.name for fault in faults_of(case.examples(first_steps(case)))], found


def table(looks: dict[str, list[tuple[list[str], dict[str, bool]]]]) -> str:
    """Found and accused in Markdown, for each group of data sets."""
    lines = ["| planted | " + " | ".join(f"found, {group}" for group in looks) + " |", "|---|" + "---|" * len(looks)]
    for planted in PLANTED:
        tried = [[found[planted] for _, found in of if planted in found] for of in looks.values()]
        lines.append(f"| {planted} | " + " | ".join(f"{sum(each)} of {len(each)}" for each in tried) + " |")
    accused = [Counter(name for names, _ in of for name in names) for of in looks.values()]
    accusations = [", ".join(f"{name} {count}" for name, count in each.items()) or "none" for each in accused]
    lines.append(
        "| nothing: accused | "
        + " | ".join(f"{sum(bool(names) for names, _ in of)} of {len(of)}" for of in looks.values())
        + " |"
    )
    return "\n".join(
        [*lines, "", *(f"Reported for sound tasks, {g}: {s}." for g, s in zip(looks, accusations, strict=True))]
    )


def main(
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
    each: Annotated[int, typer.Option(help="tasks of each data set")] = 2,
    out: Annotated[Path, typer.Option(help="where the table goes")] = Path("benchmark-output"),
) -> None:
    """Plant every fault in every task, look, and write what was found."""
    looks = {}
    for group, names in SETS:
        tasks = [draw_task(number, names=names) for number in range(each * len(names))]
        looks[group] = list(Parallel(n_jobs=jobs)(delayed(looked_at)(task) for task in tasks))
    text = table(looks)
    out.mkdir(parents=True, exist_ok=True)
    (out / "data_check.md").write_text(text + "\n", encoding="utf-8")
    Console().print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
