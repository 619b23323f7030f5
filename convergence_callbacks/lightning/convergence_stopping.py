"""Ends a Lightning training by the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.adapter.torch_weights import loaded, on_host
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.probe import Probes, judge_arms
from convergence_callbacks.lightning.console import say
from convergence_callbacks.lightning.epoch import EpochInProgress
from convergence_callbacks.lightning.observed import observed
from convergence_callbacks.lightning.probe import train_copies
from convergence_callbacks.lightning.schedule import limit, schedule
from convergence_callbacks.lightning.stock import early_stoppings

IN_MEMORY = 2**30
"""Bytes of weights up to which the best ones are kept in memory; beyond, in ``backup_dir`` or the run's directory."""


class ConvergenceStopping(Stopping, *early_stoppings()):  # type: ignore[misc]
    """Ends a Lightning training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. Train and validation loss are found among the logged metrics; the
    train loss is the mean of what ``training_step`` returned, unless one was logged per epoch. Where
    validation runs several times an epoch, the last one counts. A run that is resumed from a checkpoint is
    decided as if it had never stopped; with ``restore_best`` the checkpoint holds the best weights too.
    """

    can_probe = True

    def _construct(self) -> None:
        self._best_weights: dict[str, Any] | None = None
        self._best_path: str | None = None
        self._epoch = EpochInProgress()
        self._probes = Probes()

    @property
    def state_key(self) -> str:
        """Tells several of these callbacks in one trainer apart, but not by numbers: those may change on resume."""
        criteria = self.settings.criteria
        kind = "default" if criteria is None else "+".join(sorted(_names(criteria)))
        return f"ConvergenceStopping[{self.settings.val_metric}, {self.settings.mode}, {kind}]"

    # Collect ------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Nothing of the stock callback's."""

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Make ready for this run, with what the trainer knows of it."""
        self.begin_resumed(limit(trainer.max_epochs), trainer.min_epochs, schedule(trainer))
        if self.stopped_epoch is not None:  # it had ended before its checkpoint was saved
            trainer.should_stop = True

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Forget the last epoch's losses."""
        self._epoch = EpochInProgress.of(trainer)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Add the loss of the batch to the epoch's."""
        self._epoch.add_batch(trainer, pl_module, outputs)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Note that the epoch was validated."""
        self._epoch.note_validation(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Judge the epoch."""
        observation = observed(self, self._epoch, trainer)
        decision = self.decide(observation, lambda said: self._probed(said, observation, trainer, pl_module))
        self._act(decision, trainer, pl_module)

    # Act ----------------------------------------------------------------------------------------------

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Give back the best weights, where asked."""
        decision = self.decision
        if not self.settings.restore_best or decision is None or decision.best_step == decision.step:
            return
        weights = self._best_weights
        if weights is None and self._best_path is not None and Path(self._best_path).exists():
            weights = torch.load(self._best_path, map_location="cpu", weights_only=True)["state_dict"]
        if weights is None:
            self._complain(self.lost_best(decision))
        else:
            pl_module.load_state_dict(weights)

    def state_dict(self) -> dict[str, Any]:
        """The state of the run in plain types and tensors; the settings are not part of it."""
        kept = {"best_weights": self._best_weights, "best_path": self._best_path}
        return {
            **super().state_dict(),
            "epoch": self._epoch.state_dict(),
            **({"probes": self._probes.to_dict()} if self.settings.probe else {}),
            **(kept if self.settings.restore_best else {}),
        }

    def _take_up(self, saved: Mapping[str, Any]) -> None:
        self._best_weights, self._best_path = loaded(saved.get("best_weights")), saved.get("best_path")
        self._epoch.load_state_dict(saved.get("epoch", {}))
        self._probes = Probes.from_dict(saved.get("probes", {}))

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Mapping[str, Any]) -> None:
        """Take up the state of a run whose criteria were other ones: settings are the user's to change."""
        states = checkpoint.get("callbacks", {})
        kind = self.state_key.rpartition(",")[0]
        taken = {callback.state_key for callback in trainer.callbacks}
        left = [states[key] for key in states if str(key).startswith(f"{kind},") and key not in taken]
        if self.state_key not in states and len(left) == 1:
            self.load_state_dict(left[0])

    def _probed(self, decision: Decision, observation: Observation, trainer: Any, pl_module: Any) -> Decision:
        """The decision after a probe, where one is asked for and due."""
        settings = self.settings
        if settings.probe and self._probes.may_probe(decision, settings.probe_budget):
            try:
                arms = train_copies(trainer, pl_module, self._collector)
                self._probes = self._probes.after(decision.step, judge_arms(arms, observation, decision, settings.mode))
            except Exception as error:  # what the user's module can't do in a copy must not end the training
                self._probes = self._probes.after(decision.step, None)
                self._complain(ConvergenceError(f"the probe failed: {error!r}"), about="probe")
        return self._probes.said_of(decision, observation.lr, settings.stop_on)

    def _collector(self) -> ConvergenceStopping:
        """A callback that collects what this one does, and neither stops nor says anything."""
        s = self.settings
        return ConvergenceStopping(
            mode=s.mode, train_metric=s.train_metric, val_metric=s.val_metric, stop_on=(), verbose=False
        )

    def _act(self, decision: Decision, trainer: Any, pl_module: Any) -> None:
        if self.settings.restore_best and decision.best_step == decision.step:
            self._keep_best(trainer, pl_module)
        if self.settings.log_decisions and trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.log_metrics(self.numbers(decision), step=trainer.global_step)
        if decision.stop:
            trainer.should_stop = True
            words = str(decision) if self.settings.verbose and self.stopped_epoch == decision.step else None
        else:
            words = self.progress()
        if words is not None:
            say(trainer, words)

    def _keep_best(self, trainer: Any, pl_module: Any) -> None:
        weights = pl_module.state_dict()
        size = sum(w.numel() * w.element_size() for w in weights.values() if isinstance(w, torch.Tensor))
        if size <= IN_MEMORY:
            self._best_weights = on_host(weights)
        else:
            self._write_best(trainer, Path(self.settings.backup_dir or trainer.default_root_dir))

    def _write_best(self, trainer: Any, folder: Path) -> None:
        try:
            trainer.save_checkpoint(path := str(folder / "convergence-best.ckpt"), weights_only=True)
            self._best_path = path
        except OSError as error:  # a full disk must not end a training
            self._best_path = None
            self._complain(
                ConvergenceError(f"the best weights can't be kept in {folder}: {error}"), about="best weights"
            )


def _names(criteria: Any) -> list[str]:
    """Names of all criteria in a composition."""
    members = getattr(criteria, "criteria", None)
    return [criteria.name] if members is None else [name for member in members for name in _names(member)]
