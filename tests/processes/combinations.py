"""The ways of training on several devices or processes that are tried, and what has to come of each."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes.launch import launch

ENDING = "only the first sees progress end"


@dataclass(frozen=True)
class Combination:
    """A framework on a backend, laid out over processes or devices.

    Args:
        framework: ``"lightning"`` or ``"keras"``.
        backend: The distribution that computes.
        layout: The strategy.
        processes: How many processes.
        devices: How many devices each of them has.
        environment: Variables of the processes.
    """

    framework: str
    backend: str
    layout: str
    processes: int = 1
    devices: int = 1
    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.framework} on {self.backend}, {self.layout}, {self.processes} × {self.devices}"

    def run(self, folder: Path) -> list[dict[str, Any]]:
        """What each process found in each situation."""
        return launch(
            f"tests.processes.{self.framework}_ranks",
            folder,
            processes=self.processes,
            LAYOUT=self.layout,
            **self.environment,
        )

    def row(self, situations: int) -> str:
        """The combination as it stands in the docs."""
        packages = (self.framework, self.backend)
        versions = " | ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
        return f"| {versions} | {self.layout} | {self.processes} | {self.devices} | float32 | {situations} |\n"


COMBINATIONS = [
    Combination("lightning", "torch", "ddp", processes=2, environment={"TORCHELASTIC_RUN_ID": "test"}),
    Combination("lightning", "torch", "ddp", processes=4, environment={"TORCHELASTIC_RUN_ID": "test"}),
    Combination("keras", "torch", "torch.distributed", processes=2, environment={"KERAS_BACKEND": "torch"}),
    Combination(
        "keras",
        "jax",
        "DataParallel",
        devices=2,
        environment={"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"},
    ),
]


def disagreements(ranks: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Situations of ours in which the processes did not come to the same."""
    return {
        name: [rank[name] for rank in ranks]
        for name in ranks[0]
        if not name.startswith("stock") and len({json.dumps(_said(rank[name]), sort_keys=True) for rank in ranks}) > 1
    }


def _said(result: dict[str, Any]) -> dict[str, Any]:
    """What was decided, without the time that each process took."""
    return {name: value for name, value in result.items() if name != "finite"}
