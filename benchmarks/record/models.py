"""The models: perceptrons, a convolutional and a recurrent network."""

import torch
from torch import nn

from benchmarks.record.data import Data
from benchmarks.record.tasks import Task

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "sigmoid": nn.Sigmoid}


class Characters(nn.Module):
    """The next character from those before it."""

    def __init__(self, letters: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(letters, 32)
        self.recur = nn.GRU(32, width, batch_first=True)
        self.head = nn.Linear(width, letters)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        """Scores of shape (examples, length, letters)."""
        return self.head(self.recur(self.embed(text))[0])


def convolutional(task: Task, side: int, outputs: int) -> nn.Module:
    """Two convolutions and a linear head."""
    width = max(4, task.width // 8)
    return nn.Sequential(
        nn.Unflatten(1, (1, side, side)),
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(3),
        nn.Flatten(), nn.Dropout(task.dropout), nn.Linear(18 * width, outputs),
    )  # fmt: skip


def perceptron(task: Task, inputs: int, outputs: int) -> nn.Module:
    """As deep and wide as the task says."""
    layers: list[nn.Module] = []
    for _ in range(task.depth):
        layers.append(nn.Linear(inputs, task.width))
        if task.batch_norm:
            layers.append(nn.BatchNorm1d(task.width))
        layers += [ACTIVATIONS[task.activation](), nn.Dropout(task.dropout)]
        inputs = task.width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def build(task: Task, data: Data) -> nn.Module:
    """The task's model, with fresh weights (all zero where the task is to be a dead network)."""
    if task.model == "gru":
        model: nn.Module = Characters(data.outputs, task.width)
    elif task.model == "cnn" and data.side is not None:
        model = convolutional(task, data.side, data.outputs)
    else:
        model = perceptron(task, data.inputs.shape[1], data.outputs)
    if task.fault == "dead":
        for weights in model.parameters():
            nn.init.zeros_(weights)
    return model


def optimizer(task: Task, model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """The task's optimizer at this learning rate."""
    weights, decay = model.parameters(), task.weight_decay
    match task.optimizer:
        case "sgd":
            return torch.optim.SGD(weights, rate, weight_decay=decay)
        case "momentum":
            return torch.optim.SGD(weights, rate, momentum=0.9, nesterov=True, weight_decay=decay)
        case "adam":
            return torch.optim.Adam(weights, rate, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(weights, rate, weight_decay=10 * decay)
        case _:
            return torch.optim.RMSprop(weights, rate, weight_decay=decay)
