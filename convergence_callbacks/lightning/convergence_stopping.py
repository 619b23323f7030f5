"""Ends a Lightning training by the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from convergence_callbacks.adapter.experiments import EXPERIMENTS, Experimenting
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.adapter.torch_weights import loaded, on_host
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.lightning.averaged import averages_weights
from convergence_callbacks.lightning.console import say
from convergence_callbacks.lightning.data_check import DataCheckingInLightning
from convergence_callbacks.lightning.epoch import EpochInProgress
from convergence_callbacks.lightning.fits import Fits
from convergence_callbacks.lightning.observed import observed
from convergence_callbacks.lightning.processes import any_process
from convergence_callbacks.lightning.rivals import plays_against_itself
from convergence_callbacks.lightning.schedule import known_of
from convergence_callbacks.lightning.stock import early_stoppings
from convergence_callbacks.lightning.trained import TrainedModule

IN_MEMORY = 2**30
"""Bytes of weights up to which the best ones are kept in memory; beyond, in ``backup_dir`` or the run's directory."""

TELLING_APART = ("tolerance", "min_epochs", "target_loss", "stop_on", "criteria", "every_n_steps")
"""Settings by which two callbacks of a kind differ."""

DEFAULTS = CallbackSettings()


class ConvergenceStopping(Fits, DataCheckingInLightning, Experimenting, *early_stoppings()):  # type: ignore[misc]
    """Ends a Lightning training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. Train and validation loss are found among the logged metrics; the
    train loss is the mean of what ``training_step`` returned, unless one was logged per epoch, and not a part of it.
    Where validation runs several times an epoch, the last one counts. A run that is resumed from a checkpoint is
    decided as if it had never stopped; with ``restore_best`` the checkpoint holds the best weights too.

    With ``every_n_steps`` a stretch of so many optimiser steps is an epoch to it, with the mean of its train losses
    and the validation that ran in it (set Lightning's ``val_check_interval`` accordingly); ``max_epochs``,
    ``min_epochs`` and patience count stretches.

    Several optimisers are a sign of losses that play against each other: then verdicts are told and end nothing,
    unless ``val_metric`` names what tells of success, or ``criteria`` say what ends the training.
    """

    integration = "Lightning"
    supports = EXPERIMENTS | {"restore_best", "log_decisions", "backup_dir", "check_data", "every_n_steps"}

    def _construct(self) -> None:
        super()._construct()
        self._best_weights: dict[str, Any] | None = None
        self._best_path: str | None = None
        self._validated_weights: dict[str, Any] | None = None
        self._alone = False
        self._epoch = EpochInProgress()

    @property
    def state_key(self) -> str:
        """Tells several of these callbacks in one trainer apart; by numbers, which may change on resume, if need be."""
        return self._kind if self._alone else f"{self._kind[:-1]}{self._changed()}]"

    @property
    def _kind(self) -> str:
        criteria = self.settings.criteria
        kind = "default" if criteria is None else "+".join(sorted(_names(criteria)))
        return f"ConvergenceStopping[{self.settings.val_metric}, {self.settings.mode}, {kind}]"

    def _changed(self) -> str:
        """The settings by which two of a kind differ, those that are not the default."""
        settings = ((name, getattr(self.settings, name)) for name in TELLING_APART)
        return "".join(f", {name}={value}" for name, value in settings if value != getattr(DEFAULTS, name))

    # Collect ------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Forget the last run, lest what saves a checkpoint before the first epoch takes it for this one."""
        own = [callback for callback in trainer.callbacks if type(callback) is type(self)]
        self._alone = sum(callback._kind == self._kind for callback in own) == 1
        if self._begins_afresh(stage):
            self._saved = None
            self.begin()

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Make ready for this run, with what the trainer knows of it."""
        only_told = plays_against_itself(self.settings, trainer)
        self.begin_resumed(*known_of(trainer, self.settings.every_n_steps), only_told)
        if self.stopped_epoch is not None:  # it had ended before its checkpoint was saved
            trainer.should_stop = True

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Forget the last epoch's losses."""
        if self.settings.every_n_steps is None or self._epoch.lr is None:
            self._epoch = self._epoch.next(trainer)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Judge the steps before this batch: here it is known whether a validation came after the last of them."""
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)
        self._judge_steps(trainer, pl_module)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Add the loss of the batch to the epoch's."""
        self._epoch.add_batch(trainer, pl_module, outputs)

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Copy the weights that are validated, where they are others than those that are trained."""
        is_of_fit = trainer.state.fn == "fit" and not trainer.sanity_checking
        if self.settings.restore_best and batch_idx == 0 and is_of_fit and averages_weights(trainer):
            self._validated_weights = on_host(pl_module.state_dict())

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Note that the epoch was validated."""
        self._epoch.note_validation(trainer)
        self._judge_steps(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Judge the epoch."""
        if self.settings.every_n_steps is None:
            self._judge(trainer.current_epoch, trainer, pl_module)
        self._judge_steps(trainer, pl_module)

    def _judge_steps(self, trainer: Any, pl_module: Any) -> None:
        """Judge a stretch of steps, where one has just ended."""
        every = self.settings.every_n_steps
        if every is None or trainer.state.fn != "fit" or trainer.sanity_checking:
            return
        if self._steps_since_judged(trainer) >= every:
            self._judge(trainer.global_step // every - 1, trainer, pl_module)
            self._epoch = EpochInProgress.begun(trainer)

    def _steps_since_judged(self, trainer: Any) -> int:
        """Steps after the last stretch that was judged; none where epochs are."""
        every = self.settings.every_n_steps or 0
        judged = 0 if self.decision is None else self.decision.step + 1
        return int(trainer.global_step - judged * every) if every else 0

    def _judge(self, step: int, trainer: Any, pl_module: Any) -> None:
        observation = observed(self, self._epoch, trainer, step)
        trained = TrainedModule(trainer, pl_module)
        decision = self.decide(observation, lambda said: self.experimented(said, observation, trained))
        self._act(decision, trainer, pl_module, trained)
        self._validated_weights = None

    # Act ----------------------------------------------------------------------------------------------

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Give back the best weights, where asked."""
        if not averages_weights(trainer):
            self._give_back(pl_module, trained_since=self._steps_since_judged(trainer) > 0)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Give back the best weights after a callback that averages has left its last average in the module."""
        if averages_weights(trainer):
            self._give_back(pl_module, trained_since=True)

    def _give_back(self, pl_module: Any, *, trained_since: bool) -> None:
        decision = self._best_was_before(trained_since=trained_since)
        if decision is None:
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
            **({} if self._before_raise is None else {"before_raise": self._before_raise}),
            **(kept if self.settings.restore_best else {}),
            **({} if self._validated_weights is None else {"validated_weights": self._validated_weights}),
        }

    def _take_up(self, saved: Mapping[str, Any]) -> None:
        super()._take_up(saved)
        self._best_weights, self._best_path = loaded(saved.get("best_weights")), saved.get("best_path")
        self._validated_weights = loaded(saved.get("validated_weights"))
        self._epoch.load_state_dict(saved.get("epoch", {}))
        self._before_raise = saved.get("before_raise")

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state in this fit, or, by hand, in the next; an evaluation takes up none."""
        if self._is_to_load():
            super().load_state_dict(state_dict)

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Mapping[str, Any]) -> None:
        """Take up the state of a run whose criteria were other ones: settings are the user's to change."""
        states = checkpoint.get("callbacks", {})
        kind = self._kind.rpartition(",")[0]
        taken = {callback.state_key for callback in trainer.callbacks}
        left = [states[key] for key in states if str(key).startswith(f"{kind},") and key not in taken]
        if self.state_key not in states and len(left) == 1:
            self.load_state_dict(left[0])

    def _act(self, decision: Decision, trainer: Any, pl_module: Any, trained: TrainedModule) -> None:
        if self._is_to_keep(decision):
            self._keep_best(trainer, pl_module)
        self.change_rate(trained)
        if self.settings.log_decisions and trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.log_metrics(self.numbers(decision), step=trainer.global_step)
        if decision.stop:
            trainer.should_stop = True
        if (words := self.words(decision)) is not None:
            say(trainer, words)

    def _keep_best(self, trainer: Any, pl_module: Any) -> None:
        if self._validated_weights is not None:
            self._best_weights = self._validated_weights
            return
        weights = pl_module.state_dict()
        size = sum(w.numel() * w.element_size() for w in weights.values() if isinstance(w, torch.Tensor))
        if size <= IN_MEMORY:
            self._best_weights = on_host(weights)
        else:
            self._write_best(trainer, Path(self.settings.backup_dir or trainer.default_root_dir))

    def _write_best(self, trainer: Any, folder: Path) -> None:
        self._best_path, failed = str(folder / "convergence-best.ckpt"), None
        try:
            trainer.save_checkpoint(self._best_path, weights_only=True)
        except OSError as error:  # a full disk must not end a training
            failed = error
            trainer.strategy.barrier()  # the other processes wait in it for the one that writes
        if any_process(trainer, failed is not None):
            self._best_path = None
            told = failed or "another process failed"
            self._complain(
                ConvergenceError(f"the best weights can't be kept in {folder}: {told}"), about="best weights"
            )


def _names(criteria: Any) -> list[str]:
    """Names of all criteria in a composition."""
    members = getattr(criteria, "criteria", None)
    return [criteria.name] if members is None else [name for member in members for name in _names(member)]
