"""Ends a Lightning training by the verdict."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from convergence_callbacks.adapter.account import Cause, cause_of
from convergence_callbacks.adapter.processes import ALONE
from convergence_callbacks.adapter.run import Run
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.adapter.stages import Stage
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.adapter.stages.data_check import DataCheck
from convergence_callbacks.adapter.stages.probe import EXPERIMENTS
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.adapter.torch_weights import TorchModel, on_host
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.lightning import ended
from convergence_callbacks.lightning.adversarial import may_be_adversarial
from convergence_callbacks.lightning.averaged import averages_weights
from convergence_callbacks.lightning.console import say
from convergence_callbacks.lightning.data_check import FirstBatches
from convergence_callbacks.lightning.epoch import EpochInProgress
from convergence_callbacks.lightning.fit_lifecycle import FitLifecycle
from convergence_callbacks.lightning.observed import observed
from convergence_callbacks.lightning.phases import trained_parameters
from convergence_callbacks.lightning.processes import LightningProcesses
from convergence_callbacks.lightning.schedule import is_endless, plan_of
from convergence_callbacks.lightning.stated import rises
from convergence_callbacks.lightning.stock import early_stoppings
from convergence_callbacks.lightning.trained import TrainedModule

IN_THE_KEY = ("tolerance", "min_epochs", "target_loss", "stop_on", "criteria", "every_n_steps")
"""Settings by which two callbacks of a kind differ."""

DEFAULTS = CallbackSettings()


class ConvergenceStopping(Stopping, *early_stoppings()):  # type: ignore[misc]
    """Ends a Lightning training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. Train and validation loss are found among the logged metrics; the train loss is
    the mean of what ``training_step`` returned, unless the whole train loss was logged per epoch. If validation runs
    several times an epoch, the last one counts; if an epoch has no end, each validation is judged. A run that is
    resumed from a checkpoint is decided as if it had never stopped; with ``restore_best`` the checkpoint holds the best
    weights too. Another ``fit`` of the same trainer and module begins a new phase (see `new_phase`), and so do layers
    that a ``BackboneFinetuning`` unfreezes.

    With ``every_n_steps`` a stretch of so many optimiser steps counts as an epoch, with the mean of its train losses
    and the validation that ran in it (set Lightning's ``val_check_interval`` accordingly); ``max_epochs``,
    ``min_epochs`` and patience count stretches.

    Several optimisers are a sign of adversarial training, in which no single loss shows convergence: then verdicts are
    reported but do not stop the run, unless ``val_metric`` names what shows success, or ``criteria`` say what ends it.
    """

    integration = "Lightning"
    supports = EXPERIMENTS | {"restore_best", "log_decisions", "backup_dir", "check_data", "every_n_steps"}
    states_direction = True
    counter = Counter("epoch", first=0)
    trained = TrainedModule
    restores_all = True
    saves_weights = True

    def _construct(self) -> None:
        self._fits, self._epoch = FitLifecycle(), EpochInProgress()
        self._validated_weights: dict[str, Any] | None = None
        self._is_only_of_kind = self._judges_validations = self._goes_on = False
        self._module: int | None = None
        self._trained_parameters: int | None = None

    def _stages(self, run: Run) -> list[Stage]:
        self._first = FirstBatches()
        check = [DataCheck(self._first)] if self.settings.check_data else []
        return [*super()._stages(run), *check]

    # Run ----------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Forget the last run: a checkpoint that is saved before the first epoch must not hold its state."""
        own = [callback for callback in trainer.callbacks if type(callback) is type(self)]
        self._is_only_of_kind = sum(callback._kind == self._kind for callback in own) == 1
        self.processes = LightningProcesses(trainer)
        if self._fits.begins(stage):
            self._goes_on = self._was_trained_by(trainer, pl_module)
            saved = self._saved = self.state_dict() if self._goes_on else None
            self.begin(rises=self.likely_rises)
            self._saved = saved  # for the start of the training, unless a checkpoint is loaded before

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Start this run, with what the trainer knows of it."""
        adversarial = may_be_adversarial(self.settings, trainer)
        self._judges_validations = self.settings.every_n_steps is None and is_endless(trainer)
        self.counter = Counter("evaluation", first=1) if self._judges_validations else type(self).counter
        plan = (None, None, None) if self._judges_validations else plan_of(trainer, self.settings.every_n_steps)
        self.begin_resumed(*plan, reports_only=adversarial, rises=functools.partial(rises, pl_module))
        self._module = id(pl_module)
        if self._goes_on:
            self.new_phase()
        self.run.account.several_optimisers = adversarial
        self.run.account.checkpoints.note(None, ended.checkpoints(trainer))
        if self.stopped_epoch is not None:  # it had ended before its checkpoint was saved
            trainer.should_stop = True
            if (words := self.had_stopped()) is not None:
                say(trainer, words)
        self._begin_to_act(trainer, pl_module)

    def _was_trained_by(self, trainer: Any, pl_module: Any) -> bool:
        """Whether this trainer has just trained this module: another fit of it is a new phase of one training."""
        by_epochs = self.settings.every_n_steps is None and not self._judges_validations
        if not by_epochs or self.decision is None or self._module != id(pl_module):
            return False
        return bool(trainer.current_epoch == self.decision.step + 1)

    def _begin_to_act(self, trainer: Any, pl_module: Any) -> None:
        act = self.run.stage(ActStage)
        if act is None:
            return
        if averages_weights(trainer):
            act.give_up("another callback averages the weights, and would go on from what is undone")
            return
        act.begin(self._held(trainer, pl_module))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Give back the best weights, if asked."""
        if not averages_weights(trainer):
            since = self._steps_since_judged(trainer) > 0
            self.give_back_best(self._held(trainer, pl_module), trained_since=since)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Give back the best weights after a callback that averages has left its last average in the module."""
        if averages_weights(trainer):
            self.give_back_best(self._held(trainer, pl_module), trained_since=True)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Sum the training up, and release the trainer."""
        if stage == "fit":
            self._conclude(trainer, ended.cause(trainer))
            self.run.end()
        self._release()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Sum the training up, and release the trainer, which will not report its end."""
        self._first.end_comparing()
        self._conclude(trainer, cause_of(exception))
        self.run.end()
        self._release()

    def _release(self) -> None:
        self._fits.ends()
        self.processes = ALONE

    def _conclude(self, trainer: Any, cause: Cause) -> None:
        self._note_files(trainer)
        self.conclude(cause, functools.partial(say, trainer))

    def _note_files(self, trainer: Any) -> None:
        """Note the checkpoints that there are: what is new has the weights of the last step that was judged."""
        step = None if self.decision is None else self.decision.step
        self.run.account.checkpoints.note(step, ended.checkpoints(trainer))

    # Collect ------------------------------------------------------------------------------------------

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Forget the last epoch's losses."""
        self._note_files(trainer)
        if self.settings.every_n_steps is None or self._epoch.lr is None:
            self._epoch = self._epoch.next(trainer)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Judge the steps before this batch: here it is known whether a validation came after the last of them."""
        self._show(self._first.add_batch, pl_module, batch)
        self._judge_steps(trainer, pl_module)

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """Watch comparisons no more: the loss is known."""
        self._first.end_comparing()

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Look at the gradients, which are unscaled by now."""
        self._show(self._first.add_gradients)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Add the loss of the batch to the epoch's."""
        self._epoch.add_batch(trainer, pl_module, outputs)

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Copy the weights that are validated, if they are not those that are trained."""
        is_of_fit = trainer.state.fn == "fit" and not trainer.sanity_checking
        if self.settings.restore_best and batch_idx == 0 and is_of_fit and averages_weights(trainer):
            self._validated_weights = on_host(pl_module.state_dict())

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Note that the epoch was validated; judge here where epochs have no end."""
        self._epoch.note_validation(trainer)
        if self._judges_validations and trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._judge(self.run.next_step, trainer, pl_module)
            self._epoch = EpochInProgress.begun(trainer)
        self._judge_steps(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Judge the epoch."""
        if self.settings.every_n_steps is None and not self._judges_validations:
            self._judge(trainer.current_epoch, trainer, pl_module)
        self._judge_steps(trainer, pl_module)

    def _judge_steps(self, trainer: Any, pl_module: Any) -> None:
        """Judge a stretch of steps, if one has just ended."""
        every = self.settings.every_n_steps
        if every is None or trainer.state.fn != "fit" or trainer.sanity_checking:
            return
        if self._steps_since_judged(trainer) >= every:
            self._judge(trainer.global_step // every - 1, trainer, pl_module)
            self._epoch = EpochInProgress.begun(trainer)

    def _steps_since_judged(self, trainer: Any) -> int:
        """Steps since the last stretch that was judged; 0 if epochs are judged."""
        every = self.settings.every_n_steps or 0
        judged = self.run.next_step
        return int(trainer.global_step - judged * every) if every else 0

    def _judge(self, step: int, trainer: Any, pl_module: Any) -> None:
        before, self._trained_parameters = self._trained_parameters, trained_parameters(trainer, pl_module)
        if before not in {None, self._trained_parameters}:
            self.new_phase()
        observation = observed(self, self._epoch, trainer, step)
        decision = self.decide(observation, self._held(trainer, pl_module))
        self._validated_weights = None
        self._act(decision, trainer)

    def _show(self, collect: Any, *given: Any) -> None:
        """Pass something to the data check, if there is one and it still collects."""
        if (check := self.run.stage(DataCheck)) is not None:
            check.attempt(collect, *given)

    def _held(self, trainer: Any, pl_module: Any) -> TrainedModule:
        folder, complaints = self.settings.backup_dir, self.run.complaints
        return TrainedModule(trainer, pl_module, complaints, folder, self._validated_weights)

    # Act ----------------------------------------------------------------------------------------------

    def _act(self, decision: Decision, trainer: Any) -> None:
        if self.settings.log_decisions and trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.log_metrics(self.numbers(decision), step=trainer.global_step)
        if self.must_end(decision):
            trainer.should_stop = True
        if (words := self.words(decision)) is not None:
            say(trainer, words)

    # State --------------------------------------------------------------------------------------------

    @property
    def state_key(self) -> str:
        """Distinguishes several of these callbacks in one trainer, if needed by their settings, which may change."""
        return self._kind if self._is_only_of_kind else f"{self._kind[:-1]}{self._changed()}]"

    @property
    def _kind(self) -> str:
        criteria = self.settings.criteria
        kind = "default" if criteria is None else "+".join(sorted(_names(criteria)))
        return f"ConvergenceStopping[{self.settings.val_metric}, {self.likely_direction()}, {kind}]"

    def _changed(self) -> str:
        """Those of the settings by which two of a kind differ that are not the default."""
        settings = ((name, getattr(self.settings, name)) for name in IN_THE_KEY)
        return "".join(f", {name}={value}" for name, value in settings if value != getattr(DEFAULTS, name))

    def state_dict(self) -> dict[str, Any]:
        """The state of the run in plain types and tensors; the settings are not part of it."""
        validated = {} if self._validated_weights is None else {"validated_weights": self._validated_weights}
        trained = {} if self._trained_parameters is None else {"trained_parameters": self._trained_parameters}
        return {**super().state_dict(), "epoch": self._epoch.state_dict(), **validated, **trained}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state in this fit, or, by hand, in the next; an evaluation goes on from none."""
        if self._fits.may_load():
            self._goes_on = False
            super().load_state_dict(state_dict)

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Mapping[str, Any]) -> None:
        """Go on with the state of a run that had other criteria: settings are the user's to change."""
        states = checkpoint.get("callbacks", {})
        kind = self._kind.rpartition(",")[0]
        taken = {callback.state_key for callback in trainer.callbacks}
        left = [states[key] for key in states if str(key).startswith(f"{kind},") and key not in taken]
        if self.state_key not in states and len(left) == 1:
            self.load_state_dict(left[0])

    def _restore(self, saved: Mapping[str, Any]) -> None:
        validated = saved.get("validated_weights")
        self._validated_weights = None if validated is None else TorchModel.read(validated)
        self._epoch.load_state_dict(saved.get("epoch", {}))
        trained = saved.get("trained_parameters")
        self._trained_parameters = None if trained is None else int(trained)


def _names(criteria: Any) -> list[str]:
    """Names of all criteria in a composition."""
    members = getattr(criteria, "criteria", None)
    return [criteria.name] if members is None else [name for member in members for name in _names(member)]
