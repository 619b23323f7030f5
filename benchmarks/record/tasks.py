"""What is trained: tasks drawn at random, each at eight learning rates."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

import numpy as np

from benchmarks.record.data import DATA, HELD_OUT, PICTURES, TEXTS

Choice = TypeVar("Choice")

# One task at every rate shows what the rate cost each of them.
MULTIPLIERS = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
FAULT_MULTIPLIERS = (0.3, 1.0, 3.0)
TUNING_MULTIPLIERS = (0.1, 0.3, 1.0, 3.0, 10.0)
USUAL_RATE = {"sgd": 0.1, "momentum": 0.03, "adam": 3e-3, "adamw": 3e-3, "rmsprop": 1e-3}
SCHEDULES = (
    *("constant",) * 4,
    "cosine",
    "linear",
    "step",
    "warmup_cosine",
    "restarts",
    "stable_decay",
    "one_cycle",
    "exponential",
)
TUNING_SCHEDULES = ("constant", "linear", "warmup_linear", "warmup_linear", "warmup_cosine", "one_cycle", "step")
FAULTS = ("shuffled", "nan", "constant", "dead", "shuffled")


@dataclass(frozen=True)
class Task:
    """One thing to learn and how; a run is a task at one learning rate.

    Args:
        epochs: the full budget.
        label_noise: share of wrong training labels (classes), or half the noise added to targets (values).
        input_noise: standard deviation of the noise added to each batch, as augmentation does.
        train_size: at most so many training examples.
        val_share: share of the examples held out for validation.
        fault: what is broken on purpose, or "none".
        pretrained: whether the weights were trained before, on a third of the examples, as in fine-tuning.
    """

    name: str
    data: str
    model: str
    activation: str
    depth: int
    width: int
    batch_norm: bool
    dropout: float
    optimizer: str
    weight_decay: float
    batch_size: int
    schedule: str
    epochs: int
    label_noise: float
    input_noise: float
    train_size: int
    val_share: float
    seed: int
    fault: str = "none"
    pretrained: bool = False

    def to_dict(self) -> dict[str, object]:
        """The settings by name."""
        return asdict(self)

    @property
    def effort(self) -> float:
        """How long it takes, roughly: the shortest are recorded first, so that there soon are many."""
        size = {"mlp": 1 + self.depth * self.width / 500, "cnn": 5, "gru": 30}[self.model]
        return self.epochs * self.train_size / self.batch_size * size

    @property
    def multipliers(self) -> tuple[float, ...]:
        """The learning rates to train at, in units of the optimizer's usual one."""
        if self.pretrained:
            return TUNING_MULTIPLIERS
        return MULTIPLIERS if self.fault == "none" else FAULT_MULTIPLIERS


def draw_task(number: int, fault: str = "none", names: Sequence[str] = tuple(DATA)) -> Task:
    """The task of this number on one of these data sets, the same on every machine."""
    rng = np.random.default_rng([number, len(fault)])
    data = names[number % len(names)]

    def one(*choices: Choice) -> Choice:
        return choices[int(rng.integers(len(choices)))]

    model = "gru" if data in TEXTS else "cnn" if data in PICTURES and rng.random() < 0.5 else "mlp"
    costly = model != "mlp"
    epochs = one(30, 50) if costly else one(15, 30, 50, 80, 100, 150, 200, 300)
    return Task(
        name=f"{'fault' if fault != 'none' else 'task'}{number:03d}",
        data=data,
        model=model,
        activation=one("relu", "relu", "tanh", "gelu", "sigmoid"),
        depth=one(1, 2, 2, 3, 4, 6),
        width=one(32, 64) if costly else one(16, 32, 64, 128, 256),
        batch_norm=bool(rng.random() < 0.25) and model == "mlp",
        dropout=one(0.0, 0.0, 0.0, 0.2, 0.4),
        optimizer=one("sgd", "momentum", "adam", "adam", "adamw", "rmsprop"),
        weight_decay=one(0.0, 0.0, 1e-4, 1e-3),
        batch_size=64 if costly else one(16, 32, 64, 128),
        schedule=one(*SCHEDULES),
        epochs=epochs,
        label_noise=0.0 if model == "gru" else one(0.0, 0.0, 0.0, 0.1, 0.3),
        input_noise=one(0.0, 0.0, 0.0, 0.3) if data not in TEXTS else 0.0,
        train_size=one(100, 300, 800) if costly else one(100, 300, 1000, 2500),
        val_share=one(0.1, 0.2, 0.3),
        seed=int(rng.integers(1_000_000)),
        fault=fault,
    )


def draw_tuning_task(number: int) -> Task:
    """The fine-tuning task of this number: weights that know something, a rate that warms up or falls."""
    task = draw_task(1000 + number)
    rng = np.random.default_rng([number, 1])
    return replace(
        task,
        name=f"tuning{number:03d}",
        schedule=TUNING_SCHEDULES[int(rng.integers(len(TUNING_SCHEDULES)))],
        batch_norm=task.model == "mlp" and bool(rng.random() < 0.5),
        epochs=(20, 30, 50, 100, 150, 200)[int(rng.integers(6))],
        pretrained=True,
    )


def draw_tasks(count: int, faults: int, tunings: int = 0) -> list[Task]:
    """`count` sound tasks, `faults` with something broken on purpose, and `tunings` that begin with trained weights."""
    sound = [draw_task(number) for number in range(count)]
    broken = [draw_task(number, FAULTS[number % len(FAULTS)]) for number in range(faults)]
    tuned = [draw_tuning_task(number) for number in range(tunings)]
    return sound + [task for task in broken if task.model == "mlp"] + tuned


def draw_held_out_tasks(count: int, faults: int) -> list[Task]:
    """Tasks on the data sets that nothing is fitted to."""
    names = tuple(HELD_OUT)
    sound = [draw_task(2000 + number, names=names) for number in range(count)]
    broken = [draw_task(2000 + number, FAULTS[number % len(FAULTS)], names) for number in range(faults)]
    return sound + [task for task in broken if task.model == "mlp"]
