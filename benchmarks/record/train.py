"""One training, to the end of its budget."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from benchmarks.record.data import DATA, HELD_OUT, Data
from benchmarks.record.models import build, optimizer
from benchmarks.record.schedules import factor
from benchmarks.record.tasks import USUAL_RATE, Task

FEW = 60  # examples of the second, noisy validation set
PRETRAINED = 20  # epochs of what comes before a fine-tuning
Tensors = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Split:
    """Training and validation examples, and those few of the latter that make a noisy validation set."""

    train: Tensors
    val: Tensors
    few: Tensors


def tensors(data: Data, chosen: NDArray[np.int64]) -> Tensors:
    """These examples for torch."""
    whole = data.kind != "values"
    inputs = torch.as_tensor(data.inputs[chosen], dtype=torch.long if data.kind == "text" else torch.float32)
    return inputs, torch.as_tensor(data.targets[chosen], dtype=torch.long if whole else torch.float32)


def spoil(task: Task, data: Data, examples: Tensors, rng: np.random.Generator) -> Tensors:
    """Training examples with the task's label noise and fault."""
    inputs, targets = examples
    if task.label_noise and data.kind == "classes":
        wrong = torch.as_tensor(rng.random(len(targets)) < task.label_noise)
        targets = torch.where(wrong, torch.as_tensor(rng.integers(0, data.outputs, len(targets))), targets)
    elif task.label_noise:
        noise = rng.normal(0, 2 * task.label_noise, tuple(targets.shape))
        targets = targets + torch.as_tensor(noise, dtype=torch.float32)
    match task.fault:
        case "shuffled":
            targets = targets[torch.as_tensor(rng.permutation(len(targets)))]
        case "nan":
            inputs[0, 0] = torch.nan
        case "constant":
            inputs[:] = inputs[:1].clone()
    return inputs, targets


@lru_cache(maxsize=1)
def load(name: str, seed: int) -> Data:
    """A data set; the runs of a task share it."""
    return (DATA | HELD_OUT)[name](np.random.default_rng(seed))


def split(task: Task, data: Data) -> Split:
    """Shuffled examples in three parts; whoever draws the same task gets the same."""
    rng = np.random.default_rng(task.seed)
    order = rng.permutation(len(data.inputs))
    held_out = max(20, int(len(order) * task.val_share))
    val = tensors(data, order[:held_out])
    train = spoil(task, data, tensors(data, order[held_out : held_out + task.train_size]), rng)
    return Split(train, val, (val[0][:FEW], val[1][:FEW]))


def loss_of(data: Data, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Squared error of values, cross-entropy of classes and characters."""
    if data.kind == "values":
        return functional.mse_loss(outputs, targets)
    return functional.cross_entropy(outputs.reshape(-1, data.outputs), targets.reshape(-1))


def trivial_loss(data: Data, train: Tensors, held_out: Tensors) -> float:
    """Validation loss of who only knows the training targets: their mean, or their frequencies."""
    if data.kind == "values":
        return float(functional.mse_loss(train[1].mean(dim=0).expand_as(held_out[1]), held_out[1]))
    counts = torch.bincount(train[1].reshape(-1), minlength=data.outputs).float() + 1
    scores = (counts / counts.sum()).log()
    return float(functional.cross_entropy(scores.expand(held_out[1].numel(), -1), held_out[1].reshape(-1)))


def train_epoch(task: Task, data: Data, model: nn.Module, optim: torch.optim.Optimizer, examples: Tensors) -> float:
    """One pass; returns the mean of the batches' losses, as frameworks log it."""
    inputs, targets = examples
    total, seen = 0.0, 0
    model.train()
    for batch in torch.randperm(len(inputs)).split(task.batch_size):
        if len(batch) < 2:
            continue  # batch normalisation needs two
        shown = inputs[batch]
        if task.input_noise:
            shown = shown + task.input_noise * torch.randn_like(shown)
        loss = loss_of(data, model(shown), targets[batch])
        optim.zero_grad()
        loss.backward()
        optim.step()
        total, seen = total + loss.item() * len(batch), seen + len(batch)
    return total / seen


@torch.no_grad()
def measure(data: Data, model: nn.Module, parts: Split) -> tuple[float, float, float]:
    """Validation loss, the same on few examples, and accuracy (NaN for values)."""
    model.eval()
    outputs = model(parts.val[0])
    accuracy = float("nan")
    if data.kind != "values":
        accuracy = float((outputs.argmax(-1) == parts.val[1]).float().mean())
    few = len(parts.few[0])
    return float(loss_of(data, outputs, parts.val[1])), float(loss_of(data, outputs[:few], parts.few[1])), accuracy


def pretrain(task: Task, data: Data, model: nn.Module, examples: Tensors) -> None:
    """Train gently on a third of the examples, so that the recorded training begins with weights that know a little."""
    some = len(examples[0]) // 3
    optim = torch.optim.Adam(model.parameters(), USUAL_RATE["adam"] / 3)
    for _ in range(PRETRAINED):
        train_epoch(task, data, model, optim, (examples[0][:some], examples[1][:some]))


def record(task: Task, multiplier: float) -> tuple[NDArray[np.float32], float, float]:
    """Train a task at one learning rate.

    Returns:
        rows of shape (epochs, 5): train loss, validation loss, the same on few examples, accuracy, learning
        rate; and a trivial predictor's loss on both validation sets.
    """
    torch.set_num_threads(1)
    data = load(task.data, task.seed)
    parts = split(task, data)
    torch.manual_seed(task.seed + int(1000 * multiplier))
    model = build(task, data)
    if task.pretrained:
        pretrain(task, data, model, parts.train)
    highest = USUAL_RATE[task.optimizer] * multiplier
    optim = optimizer(task, model, highest)
    rows = np.full((task.epochs, 5), np.nan, np.float32)
    rows[:, 4] = [highest * factor(task.schedule, epoch, task.epochs) for epoch in range(task.epochs)]
    for epoch in range(task.epochs):
        for group in optim.param_groups:
            group["lr"] = float(rows[epoch, 4])
        rows[epoch, 0] = train_epoch(task, data, model, optim, parts.train)
        rows[epoch, 1:4] = measure(data, model, parts)
        if epoch > 3 and not np.isfinite(rows[epoch - 3 : epoch + 1, 0]).any():
            break  # it never comes back from NaN weights
    return rows, trivial_loss(data, parts.train, parts.val), trivial_loss(data, parts.train, parts.few)
