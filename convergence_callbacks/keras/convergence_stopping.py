"""Ends a Keras training by the verdict."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import keras

from convergence_callbacks.adapter.account import write
from convergence_callbacks.adapter.backup import Backup, remove_backup
from convergence_callbacks.adapter.run import Run
from convergence_callbacks.adapter.settings import EVERYTHING
from convergence_callbacks.adapter.stages import Stage
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.adapter.stages.best_weights import BestWeights
from convergence_callbacks.adapter.stages.data_check import DataCheck
from convergence_callbacks.adapter.stages.probe import EXPERIMENTS
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, StateError, as_state_error
from convergence_callbacks.experiments.actions import CHANGES
from convergence_callbacks.keras.data_check import FirstWeights
from convergence_callbacks.keras.ended import EndedTraining
from convergence_callbacks.keras.processes import processes
from convergence_callbacks.keras.saved import files, patterns
from convergence_callbacks.keras.schedule import Rates
from convergence_callbacks.keras.stated import baseline_of, rises
from convergence_callbacks.keras.trained import TrainedModel, plain


@keras.saving.register_keras_serializable(package="convergence_callbacks")
class ConvergenceStopping(Stopping, keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a Keras training when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. The losses are ``loss`` and ``val_loss`` unless named. It has no batch
    hooks, so nothing waits for the device before the end of an epoch. For a run that
    ``keras.callbacks.BackupAndRestore`` resumes, give ``backup_dir`` a folder of its own: the
    decisions are then those of a run that was never killed. Another ``fit`` of the same model, with the
    ``initial_epoch`` at which the last one ended, begins a new phase, as `new_phase` does. The rates of a
    ``LearningRateScheduler`` can't be seen from here: pass its function as ``lr_schedule`` too. With ``probe`` pass the
    arguments of ``fit`` to `probe_on` too; with ``act`` put this callback before ``BackupAndRestore`` in the list.
    """

    integration = "Keras"
    supports = EXPERIMENTS | {"restore_best", "log_decisions", "backup_dir", "check_data", "find_baseline"}
    states_direction = True
    counter = Counter("epoch", first=1)
    trained = TrainedModel
    restores_all = True

    def _construct(self) -> None:
        keras.callbacks.Callback.__init__(self)
        self.processes = processes()
        self._data: dict[str, Any] | None = None
        self._backup: Backup | None = None
        self._ended: EndedTraining | None = None
        self._trained: Any = None
        self._before: Run | None = None

    def _stages(self, run: Run) -> list[Stage]:
        check = [DataCheck(FirstWeights(lambda: self.model))] if self.settings.check_data else []
        return [*super()._stages(run), *check]

    def probe_on(self, x: Any = None, y: Any = None, **fit: Any) -> ConvergenceStopping:
        """Take what ``fit`` is given: Keras shows its callbacks no data, and a probe has to train on the same.

        Args:
            x: As for ``fit``: arrays, a ``PyDataset``, a data set of TensorFlow or a loader of PyTorch; no generator,
                which can be read once only. A data set of TensorFlow that shuffles should be one of its own.
            y: As for ``fit``.
            **fit: Its other arguments, such as ``validation_data`` and ``batch_size``.

        Returns:
            This callback, so that the call can stand in the list of callbacks that ``fit`` gets.
        """
        self._data = {"x": x, "y": y, **fit}
        return self

    # Run ----------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Start this run."""
        folder = self.settings.backup_dir
        self._ended = None
        self._logged: set[str] = set()
        keeps = "state.npz" if self.settings.restore_best == EVERYTHING else "weights.npz"
        self._backup = None if folder is None else Backup(folder, keeps)
        is_another_fit = self._trained is self.model and self.settings.act is None  # a trial ends with its fit
        self._is_new, self._before = True, self.run if is_another_fit else None
        self._trained = self.model
        self._begin()
        self.conclude_with(keras.callbacks.CallbackList)
        if (act := self.run.stage(ActStage)) is not None:
            act.begin(TrainedModel(self.model))
        self._saving = patterns()
        self._note_files(None)
        if self.settings.probe and self._data is None:
            needed = "a probe needs the data: pass what fit is given to probe_on(x, y, …)"
            self.run.complaints.make(ConvergenceError(needed), about="probe")

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Go on with a killed run at the first epoch after its backup."""
        if self._is_new and epoch > 0:
            self._go_on_from(epoch - 1)
        self._is_new, self._before = False, None
        self._note_files(self.decision)
        words = self.progress() if self._of_fit("verbose") and self.processes.is_first else None
        if words:  # between the lines of Keras's own output
            write(words)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Give back the best weights, where asked, and say why the training ended."""
        if self._ended is not None:
            self._ended.undo_batch()
        self._note_files(self.decision)
        self.give_back_best(TrainedModel(self.model))
        self.conclude()
        self.run.end()
        remove_backup(self._backup, self.processes, self.run.complaints.warn)

    # Collect ------------------------------------------------------------------------------------------

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the epoch."""
        if self._ended is not None:
            return
        logs = {} if logs is None else logs
        if self.judges_the_loss:
            self.run.fill_in(baseline_of(self.model))
        rate, validated = self._rates.used_in(epoch, logs), self._was_validated(logs)
        observation = self.collect(epoch, logs, lr=rate, validated=validated)
        decision = self.decide(observation, TrainedModel(self.model, self._data))
        self._act(decision, logs)

    def _was_validated(self, logs: Mapping[str, Any]) -> bool:
        """Keras logs validation metrics only in the epochs that were validated."""
        return self.settings.val_metric in logs or any(name.startswith("val_") for name in logs)

    # Act ----------------------------------------------------------------------------------------------

    def _act(self, decision: Decision, logs: dict[str, Any]) -> None:
        if decision.action in CHANGES:
            self._rates = self._rates_of_fit()
        if self._backup is not None and self.processes.is_first:
            self._write(self._backup, decision)
        if self.settings.log_decisions:
            self._log(decision, logs)
        if self.must_end(decision):
            self.model.stop_training = True
        elif self.processes.is_first and (words := self.remark(decision)):
            write(words)

    def _note_files(self, judged: Decision | None) -> None:
        """Note the checkpoints that there are: what is new has the weights of the epoch that was judged last."""
        if self._saving is not None:
            self.run.account.checkpoints.note(None if judged is None else judged.step, files(self._saving))

    def _log(self, decision: Decision, logs: dict[str, Any]) -> None:
        """Log every name in every epoch, NaN without a value: ``History`` keeps a list for each."""
        numbers, history = self.numbers(decision), getattr(self.model, "history", None)
        if history is not None and decision.step not in history.epoch:  # else it stands before this callback
            history.history |= {name: [math.nan] * len(history.epoch) for name in numbers.keys() - self._logged}
        self._logged |= numbers.keys()
        logs.update(dict.fromkeys(sorted(self._logged), math.nan) | numbers)

    # State --------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The settings in plain types; a schedule that is a function is left out."""
        return self.settings.to_dict()

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ConvergenceStopping:
        """The callback that `get_config` described."""
        return cls(**config)

    def _begin(self) -> None:
        self._rates = self._rates_of_fit()
        self.begin(self._of_fit("epochs"), lr_schedule=self._rates.to_come, rises=functools.partial(rises, self.model))

    def _of_fit(self, name: str) -> Any:
        """What Keras reports about the fit; None in a loop of the user's own, which may report nothing."""
        return (getattr(self, "params", None) or {}).get(name)

    def _rates_of_fit(self) -> Rates:
        return Rates(self.model, self._of_fit("epochs"), self._of_fit("steps"))

    def _write(self, backup: Backup, decision: Decision) -> None:
        """Back up the state, and what is too large for it."""
        best, act = self.run.stage(BestWeights), self.run.stage(ActStage)
        try:
            backup.folder.mkdir(parents=True, exist_ok=True)
            if best is not None and best.step == decision.step:
                model = TrainedModel(self.model)
                arrays = model.state() if best.everything else model.weights()
                backup.write_weights(decision.step, map(plain, arrays))
            for name, arrays in ({} if act is None else act.files_to_write()).items():
                backup.write_arrays(name, map(plain, arrays))
            backup.write(self.state_dict())
        except OSError as error:  # a full disk must not end a training
            self.run.complaints.make(ConvergenceError(f"no backup in {backup.folder}: {error}"), about="backup")

    def _resume(self, backup: Backup, epoch: int) -> None:
        try:
            state = backup.read(epoch)
            if state is None:
                raise StateError(f"{backup.folder} holds no state of epoch {epoch}")
            with as_state_error():
                times = float(state.get(ActStage.name, {}).get("actions", {}).get("rate", 1.0))
            if times != 1:  # before those to come are read
                TrainedModel(self.model).scale_schedule(times)
        except StateError as error:
            self.report_unreadable(error)
            return
        self._rates = self._rates_of_fit()
        self.load_state_dict(state)
        self.begin_resumed(
            self._of_fit("epochs"), lr_schedule=self._rates.to_come, rises=functools.partial(rises, self.model)
        )
        self._restore_arrays(backup)
        if self.stopped_epoch is not None:
            self._ended = EndedTraining(self.model)
            if (words := self.had_stopped()) is not None:
                write(words)

    def _go_on_from(self, epoch: int) -> None:
        """Continue this callback's previous run of the model as a new phase, or a killed run from its backup."""
        before = self._before
        if before is None or before.decision is None or before.decision.step != epoch:
            if self._backup is not None:
                self._resume(self._backup, epoch)
            return
        self.load_state_dict(before.state(self._rule()))
        self._begin()
        best, kept = self.run.stage(BestWeights), before.stage(BestWeights)
        if best is not None and kept is not None:
            best.take_over(kept)
        self.new_phase()

    def _restore_arrays(self, backup: Backup) -> None:
        """Restore the arrays that a plain state does not hold."""
        best, act = self.run.stage(BestWeights), self.run.stage(ActStage)
        if best is not None and self.decision is not None and self.decision.best_step is not None:
            best.keep(self.decision.best_step, backup.weights(self.decision.best_step))
        if act is not None:
            try:
                act.read_files(backup.read_arrays)
            except ConvergenceError as error:
                act.give_up(str(error))
