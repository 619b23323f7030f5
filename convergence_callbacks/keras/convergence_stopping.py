"""Ends a Keras training by the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from convergence_callbacks.adapter.backup import Backup
from convergence_callbacks.adapter.experiments import EXPERIMENTS, Experimenting
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, StateError, as_state_error
from convergence_callbacks.keras.data_check import DataCheckingInKeras
from convergence_callbacks.keras.ended import EndedTraining
from convergence_callbacks.keras.processes import collected, is_first_process, wait_for_all
from convergence_callbacks.keras.schedule import Rates
from convergence_callbacks.keras.trained import TrainedModel


@keras.saving.register_keras_serializable(package="convergence_callbacks")
class ConvergenceStopping(DataCheckingInKeras, Experimenting, keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a Keras training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. The losses are ``loss`` and ``val_loss`` unless named. It has no batch
    hooks, so nothing waits for the device before the end of an epoch. For a run that
    ``keras.callbacks.BackupAndRestore`` takes up again, give ``backup_dir`` a folder of its own: the
    decisions are then those of a run that was never killed. The rates of a ``LearningRateScheduler`` can't be
    seen from here: hand its function to ``lr_schedule`` as well. With ``probe`` tell `probe_on` what ``fit`` is
    given; with ``on_false_convergence="raise_lr"`` stand before ``BackupAndRestore`` in the list.
    """

    integration = "Keras"
    supports = EXPERIMENTS | {"restore_best", "log_decisions", "backup_dir", "check_data"}

    def _construct(self) -> None:
        keras.callbacks.Callback.__init__(self)
        super()._construct()
        self._data: dict[str, Any] | None = None
        self._best_weights: list[Any] | None = None
        self._backup: Backup | None = None
        self._ended: EndedTraining | None = None

    def probe_on(self, x: Any = None, y: Any = None, **fit: Any) -> ConvergenceStopping:
        """Tell what ``fit`` is given: Keras shows its callbacks no data, and a probe has to train on the same.

        Args:
            x: As for ``fit``: arrays, a ``PyDataset``, a data set of TensorFlow or a loader of PyTorch; no generator,
                which can be read once only. A data set of TensorFlow that shuffles should be one of its own.
            y: As for ``fit``.
            **fit: Its other arguments, such as ``validation_data`` and ``batch_size``.

        Returns:
            This callback, so that it can be said where it is handed to ``fit``.
        """
        self._data = {"x": x, "y": y, **fit}
        return self

    # Collect ------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Make ready for this run."""
        folder = self.settings.backup_dir
        self._best_weights = self._ended = None
        self._logged: set[str] = set()
        self._forget_experiments()
        self._backup = None if folder is None else Backup(folder)
        self._new = True
        self._begin()
        if self.settings.probe and self._data is None:
            told = "a probe needs the data: tell probe_on(x, y, …) what fit is given"
            self._complain(ConvergenceError(told), about="probe")

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Take up a killed run at the first epoch after its backup."""
        if self._new and self._backup is not None and epoch > 0:
            self._resume(self._backup, epoch - 1)
        self._new = False
        words = self.progress() if self._told_by_keras("verbose") and is_first_process() else None
        if words:  # between the lines of Keras's own output
            print(words)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the epoch."""
        if self._ended is not None:
            return
        logs = {} if logs is None else logs
        rate, validated = self._rates.used_in(epoch, logs), self._was_validated(logs)
        observation = collected(self, epoch, logs, lr=rate, validated=validated)
        trained = TrainedModel(self.model, self._data)
        decision = self.decide(observation, lambda said: self.experimented(said, observation, trained))
        self._act(decision, logs, trained)

    # Act ----------------------------------------------------------------------------------------------

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Give back the best weights, where asked, and say why the training ended."""
        if self._ended is not None:
            self._ended.undo_batch()
        if (decision := self._best_was_before()) is not None:
            self._restore_best(decision)
        if self.settings.verbose and self.stopped_epoch is not None and is_first_process():
            print(next((said for said in self.history if said.step == self.stopped_epoch), self.decision))
        wait_for_all()  # they read the same backup
        if self._backup is not None and is_first_process():
            self._backup.remove()

    def get_config(self) -> dict[str, Any]:
        """The settings in plain types; a schedule that is a function is left out."""
        return self.settings.to_dict()

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ConvergenceStopping:
        """The callback that `get_config` described."""
        return cls(**config)

    def _act(self, decision: Decision, logs: dict[str, Any], trained: TrainedModel) -> None:
        if is_best := self._is_to_keep(decision):
            self._best_weights = self.model.get_weights()
        if self.change_rate(trained):
            self._rates = self._known_rates()
        if self._backup is not None and is_first_process():
            self._write(self._backup, decision.step if is_best else None)
        if self.settings.log_decisions:
            self._log(decision, logs)
        if decision.stop:
            self.model.stop_training = True
        elif self._trial.act and (words := self.words(decision)):
            print(words)

    def _log(self, decision: Decision, logs: dict[str, Any]) -> None:
        """Give each name a value in each epoch, NaN where there is none: ``History`` keeps a list of each."""
        numbers, history = self.numbers(decision), getattr(self.model, "history", None)
        if history is not None and decision.step not in history.epoch:  # else it stands before this callback
            history.history |= {name: [math.nan] * len(history.epoch) for name in numbers.keys() - self._logged}
        self._logged |= numbers.keys()
        logs.update(dict.fromkeys(sorted(self._logged), math.nan) | numbers)

    def _write(self, backup: Backup, best: int | None) -> None:
        """Back up the state, and the weights where this epoch is the best."""
        try:
            backup.folder.mkdir(parents=True, exist_ok=True)
            if best is not None:
                self.model.save_weights(backup.weights(best))
            if self._trial.act == "raise":
                np.savez(backup.before_raise, *map(_plain, self._before_raise))
            backup.write(self.state_dict())
        except OSError as error:  # a full disk must not end a training
            self._complain(ConvergenceError(f"no backup in {backup.folder}: {error}"), about="backup")

    def _begin(self) -> None:
        self._rates = self._known_rates()
        self.begin(self._told_by_keras("epochs"), lr_schedule=self._rates.to_come)

    def _told_by_keras(self, name: str) -> Any:
        """What is known of the training; None in a loop of one's own, which may tell nothing."""
        return (getattr(self, "params", None) or {}).get(name)

    def _known_rates(self) -> Rates:
        return Rates(self.model, self._told_by_keras("epochs"), self._told_by_keras("steps"))

    def _resume(self, backup: Backup, epoch: int) -> None:
        try:
            state = backup.read(epoch)
            if state is None:
                raise StateError(f"{backup.folder} holds no state of epoch {epoch}")
            self.load_state_dict(state)
            with as_state_error():
                self._take_up(state)  # a raised rate has to be known before those to come are read
            self._take_up_rate(backup)
            self._begin()
            if self.stopped_epoch is not None:
                self._ended = EndedTraining(self.model)
        except StateError as error:
            self._begin_afresh(error, self._told_by_keras("epochs"), None, self._rates.to_come)

    def _take_up_rate(self, backup: Backup) -> None:
        """Go on at the raised rate, with what is needed to put it back."""
        if self._trial.raised != 1:
            TrainedModel(self.model, self._data).scale_schedule(self._trial.raised)
        if self._trial.step is not None and backup.before_raise.exists():
            with np.load(backup.before_raise) as arrays:
                self._before_raise = list(arrays.values())

    def _restore_best(self, decision: Decision) -> None:
        kept = None if self._backup is None else self._backup.weights(decision.best_step or 0)
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
        elif kept is not None and kept.exists():
            self.model.load_weights(kept)
        else:
            self._complain(self.lost_best(decision))

    def _was_validated(self, logs: Mapping[str, Any]) -> bool:
        """Keras logs validation metrics only in the epochs that were validated."""
        return self.settings.val_metric in logs or any(name.startswith("val_") for name in logs)


def _plain(array: Any) -> Any:
    """An array as a file of NumPy can hold it, which knows no bfloat16."""
    return array.astype("float32") if array.dtype.kind == "V" else array
