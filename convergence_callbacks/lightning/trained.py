"""A module in the middle of its training."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from convergence_callbacks.adapter.backup import checksum, sync
from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.torch_rate import scale_rate
from convergence_callbacks.adapter.torch_weights import TorchModel, on_host
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.lightning.probe import train_copy
from convergence_callbacks.lightning.processes import LightningProcesses

IN_MEMORY = 2**30
"""Bytes of weights up to which the best ones are kept in memory; beyond, in a file."""

FILE = "convergence-best.ckpt"
"""The file of best weights that are too large for the memory."""


class TrainedModule:
    """A module and its trainer; see `Experimental`.

    Args:
        trainer: The trainer in the middle of its run.
        pl_module: Its module.
        complaints: Reports large weights that can't be written.
        folder: Where large weights are written; the trainer's own when left out.
        validated: The weights that were validated, if they are not those that are trained.
    """

    def __init__(
        self,
        trainer: Any,
        pl_module: Any,
        complaints: Complaints,
        folder: str | os.PathLike[str] | None = None,
        validated: Mapping[str, Any] | None = None,
    ) -> None:
        self._trainer, self._module, self._complaints = trainer, pl_module, complaints
        self._folder = Path(folder or trainer.default_root_dir)
        self._validated = validated

    def weights(self) -> Any:
        """A copy of the weights in the host's memory; of large ones a file and its checksum; None where that fails."""
        if self._validated is not None:
            return self._validated
        weights = self._module.state_dict()
        size = sum(w.numel() * w.element_size() for w in weights.values() if isinstance(w, torch.Tensor))
        return on_host(weights) if size <= IN_MEMORY else self._written()

    def give_back(self, weights: Mapping[str, Any] | list[str]) -> Any:
        """The module with these weights, or those of this file.

        Raises:
            FileNotFoundError: The file is gone.
            ConvergenceError: It holds something else than what was written.
        """
        if isinstance(weights, list):
            weights = torch.load(_checked(*weights), map_location="cpu", weights_only=True)["state_dict"]
        self._module.load_state_dict(weights)
        return self._module

    @staticmethod
    def read(saved: Any) -> Any:
        """Weights, or their file and its checksum, as a checkpoint holds them."""
        if isinstance(saved, list | tuple):
            path, digest = saved
            return [str(path), str(digest)]
        if isinstance(saved, str):  # of a version that kept no checksum
            return [saved, ""]
        return TorchModel.read(saved)

    def train_copy(self, times: float, collector: Any) -> list[Observation]:
        """What is observed of a copy at so many times the learning rate."""
        return train_copy(self._trainer, self._module, times, collector)

    def state(self) -> dict[str, Any]:
        """Weights, and the state of each optimiser."""
        moments = [copy.deepcopy(optimizer.state_dict()["state"]) for optimizer in self._trainer.optimizers]
        return {"weights": on_host(self._module.state_dict()), "moments": moments}

    def best_state(self) -> dict[str, Any]:
        """The state with the weights that were validated, where they differ from those that are trained."""
        return {**self.state(), **({} if self._validated is None else {"weights": self._validated})}

    def weights_in(self, state: dict[str, Any]) -> Any:
        """The weights of such a state."""
        return state["weights"]

    def restore(self, state: dict[str, Any]) -> Any:
        """The module and its optimisers in such a state."""
        self._module.load_state_dict(state["weights"])
        for optimizer, moments in zip(self._trainer.optimizers, state["moments"], strict=True):
            optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        return self._module

    def scale_rate(self, times: float) -> None:
        """Multiply the learning rate of each optimiser and scheduler."""
        schedulers = [config.scheduler for config in self._trainer.lr_scheduler_configs]
        scale_rate(self._trainer.optimizers, schedulers, times)

    def _written(self) -> list[str] | None:
        """A file with the weights, which all processes write together, and its checksum.

        It is written under another name and synced before that of an earlier epoch goes.
        """
        path, processes = self._folder / FILE, LightningProcesses(self._trainer)
        partial, digest, failed = path.with_name(f"partial-{FILE}"), "", None
        try:
            self._trainer.save_checkpoint(str(partial), weights_only=True)
        except (OSError, RuntimeError) as error:  # a full disk must not end a training
            failed = error
            self._trainer.strategy.barrier()  # the other processes wait in it for the one that writes
        if not processes.any(failed is not None) and processes.is_first:
            try:
                digest = _moved(partial, path)
            except OSError as error:
                failed = error
        if not processes.any(failed is not None):
            return [str(path), processes.gather(digest)[0]]
        reason = failed or "another process failed"
        complaint = ConvergenceError(f"the best weights can't be kept in {self._folder}: {reason}")
        self._complaints.make(complaint, about="best weights")
        return None


def _moved(partial: Path, path: Path) -> str:
    """Sync what was written, move it to its place, and return its checksum."""
    for file in [partial, *partial.rglob("*")] if partial.is_dir() else [partial]:
        sync(file)
    digest = checksum(partial)
    if path.is_dir():
        shutil.rmtree(path)
    partial.replace(path)
    sync(path.parent)
    return digest


def _checked(path: str, digest: str) -> str:
    """The path of a file that holds what was written."""
    if not Path(path).exists():
        raise FileNotFoundError(path)
    if digest and checksum(Path(path)) != digest:
        raise ConvergenceError(f"{path} holds something else than what was written at the best epoch")
    return path
