"""Keras's ``EarlyStopping``, with a diagnosis and without its known defects."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import keras

from convergence_callbacks.adapter.account import write
from convergence_callbacks.adapter.arguments import arguments_checked
from convergence_callbacks.adapter.backup import Backup, remove_backup
from convergence_callbacks.adapter.watch import Watch, Watched
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, SettingsError, StateError, as_state_error
from convergence_callbacks.core.observation import Observation, as_number, is_finite, plain_number
from convergence_callbacks.keras.ended import EndedTraining
from convergence_callbacks.keras.processes import agreed, processes
from convergence_callbacks.keras.schedule import Rates
from convergence_callbacks.keras.trained import TrainedModel, plain
from convergence_callbacks.metrics import meaning


@keras.saving.register_keras_serializable(package="convergence_callbacks")
class EarlyStopping(Watched, keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Keras's `EarlyStopping`: its arguments and decisions, without its known defects, with a diagnosis.

    ``docs/defects.md`` lists what differs. `decision`, `history`, `observations` and `listeners` are those of
    `Stopping`: what the training looks like is reported at every epoch, whatever ends it.

    Args:
        monitor: Name of the metric to judge.
        min_delta: By how much it has to improve to count.
        patience: Epochs without improvement after which the training ends.
        verbose: 1 to say at the end why the training ended and what it looked like.
        mode: ``"min"`` where less of the metric is better, ``"max"`` where more is, ``"auto"`` to let Keras find out.
        baseline: The training ends too where it does not get better than this.
        restore_best_weights: Give the model the weights of the best epoch at the end.
        start_from_epoch: Epochs at the beginning that are not judged.
        tolerance: End the training also by the default rule: when what is still to be gained is below this share of
            what was gained, or the training is lost. Left out, its verdict is only reported.
        backup_dir: Folder of its own for what must survive a kill, beside Keras's ``BackupAndRestore``.

    Raises:
        SettingsError: An argument has a wrong value.
    """

    _new: bool
    _warm: float | None
    _warm_epoch: int
    _warm_weights: list[Any] | Path | None
    _saved_watch: Mapping[str, Any] | None
    best: Any
    best_weights: list[Any] | Path | None
    best_epoch: int
    stopped_epoch: int
    mode: str

    @arguments_checked
    def __init__(  # noqa: PLR0917 as Keras's
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: Literal["auto", "min", "max"] = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
        *,
        tolerance: float | None = None,
        backup_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        if patience < 0:
            raise SettingsError(f"patience must be at least 0, got {patience}", ("patience",))
        super().__init__(monitor, min_delta, patience, verbose, mode, baseline, restore_best_weights, start_from_epoch)
        Watch(monitor, mode="min", tolerance=tolerance)  # so that a wrong tolerance is refused here
        self.tolerance = tolerance
        self.backup_dir = None if backup_dir is None else os.fspath(backup_dir)
        self.listeners: list[Callable[[Observation, Decision], None]] = []
        self._forget()

    # Run ----------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Forget the last training."""
        super().on_train_begin(logs)
        self._forget()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Go on with a killed run at the first epoch after its backup."""
        if self._new and self._backup is not None and epoch > 0:
            self._resume(self._backup, epoch - 1)
        self._new = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the epoch, and report what the training looks like."""
        if self._ended is not None:
            return
        if self.monitor_op is None:
            self._set_monitor_op()
        seen = agreed(logs)
        watch = self._watching()
        validated = any(name.startswith("val_") for name in seen)
        rate = None if self._rates is None else self._rates.used_in(epoch, seen)
        watch.decide(watch.collect(epoch, seen, lr=rate, validated=validated))
        kept = self._kept_weights()
        if validated or not self.monitor.startswith("val_") or self.monitor in seen:
            self._keep_warm(epoch, seen)
            super().on_epoch_end(epoch, seen)
        if watch.ends and self.stopped_epoch == 0:
            self.stopped_epoch, self.model.stop_training = epoch, True
        if self.stopped_epoch:
            watch.end(self._reason(epoch))
        if self._backup is not None and processes().is_first:
            self._write(self._backup, epoch, is_best=self._kept_weights() is not kept)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Give back the best weights, if asked, and report why the training ended."""
        if self._ended is not None:
            self._ended.undo_batch()
        if self.best_weights is None and self._warm_weights is not None:  # it ended before the first epoch to judge
            self.best_weights, self.best_epoch = self._warm_weights, self._warm_epoch
        if isinstance(self.best_weights, Path):  # from before a kill
            self._load_best(self.best_weights)
        super().on_train_end(logs)
        if self._watch is not None:
            self._watch.run.account.restored = self.restore_best_weights
            self._watch.conclude()
        remove_backup(self._backup, processes(), self._watching().run.complaints.warn)

    def get_monitor_value(self, logs: Mapping[str, Any] | None) -> Any:
        """The metric as a number; NaN for a value that is not a number."""
        value = super().get_monitor_value(logs)
        return None if value is None else as_number(value)

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> Any:
        """Whether a value is better; one that is not finite never is, not even the first."""
        is_better = super()._is_improvement  # None to compare with is an error in older versions of Keras
        return is_finite(monitor_value) and (reference_value is None or is_better(monitor_value, reference_value))

    def _set_monitor_op(self) -> None:
        best = self.best  # older versions of Keras forget it here, even the one from before a kill
        try:
            super()._set_monitor_op()
        except ValueError:
            mode = meaning(self.monitor).direction
            if mode is None:
                raise
            self.mode, asked = mode, self.mode
            super()._set_monitor_op()
            self.mode = asked
        self.best = best

    def _keep_warm(self, epoch: int, seen: Mapping[str, Any]) -> None:
        """Keep the best weights of the first epochs, which are not judged, in case the training ends within them."""
        value = seen.get(self.monitor)
        if not self.restore_best_weights or value is None:
            return
        if epoch >= self.start_from_epoch:
            self._warm_weights = None
        elif self._is_improvement(value, self._warm):
            self._warm, self._warm_epoch, self._warm_weights = value, epoch, self.model.get_weights()

    def _kept_weights(self) -> list[Any] | Path | None:
        """The weights that the model would get if the training ended now."""
        return self._warm_weights if self.best_weights is None else self.best_weights

    def _reason(self, epoch: int) -> str:
        if self.best is None:
            return f"{self.monitor} has had no finite value for {self.wait} epochs" if self.wait else ""
        return f"{self.monitor} has not improved for {self.wait} epochs, best {self.best:.6g}"

    # State --------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The settings in plain types, so that it is saved with a training's configuration."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return {**{name: getattr(self, name) for name in names}, "min_delta": abs(self.min_delta)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> EarlyStopping:
        """The callback that `get_config` described."""
        return cls(**config)

    def _forget(self) -> None:
        self.best = None
        self._watch = None
        self._rates: Rates | None = None
        self._backup = None if self.backup_dir is None else Backup(self.backup_dir)
        self._ended: EndedTraining | None = None
        self._warm = self._warm_weights = self._saved_watch = None
        self._warm_epoch = 0
        self._new = True

    def _watching(self) -> Watch:
        if self._watch is None:
            mode: Literal["min", "max"] = "max" if self.monitor_op is keras.ops.greater else "min"
            params = getattr(self, "params", None) or {}
            self._rates = Rates(self.model, params.get("epochs"), params.get("steps"))
            self._watch = Watch(
                self.monitor,
                mode=mode,
                tolerance=self.tolerance,
                listeners=self.listeners,
                processes=processes(),
                counter=Counter("epoch", first=1),
                verbose=bool(self.verbose),
            )
            self._watch.resume(self._saved_watch, params.get("epochs"), lr_schedule=self._rates.to_come)
            self._watch.conclude_with(keras.callbacks.CallbackList)
        return self._watch

    def _write(self, backup: Backup, epoch: int, *, is_best: bool) -> None:
        warm = self._warm if self.best_weights is None else None
        state = {
            "decision": {"step": epoch, "best_step": self.best_epoch if warm is None else self._warm_epoch},
            "wait": self.wait,
            "best": None if self.best is None else plain_number(float(self.best)),
            "warm": None if warm is None else plain_number(float(warm)),
            "stopped_epoch": self.stopped_epoch,
            "watch": self._watching().state_dict(),
        }
        try:
            if is_best:
                backup.write_weights(epoch, map(plain, self.model.get_weights()))
            backup.write(state)
        except OSError as error:  # a full disk must not end a training
            self._watching().complain(ConvergenceError(f"no backup in {backup.folder}: {error}"), about="backup")

    def _resume(self, backup: Backup, epoch: int) -> None:
        try:
            state = backup.read(epoch)
            if state is None:
                raise StateError(f"{backup.folder} holds no state of epoch {epoch}")
            with as_state_error("EarlyStopping"):
                best = None if state["best"] is None else float(state["best"])
                warm = None if state.get("warm") is None else float(state["warm"])
                wait, stopped, best_epoch = (
                    int(number) for number in (state["wait"], state["stopped_epoch"], state["decision"]["best_step"])
                )
        except StateError as error:
            warnings.warn(f"{error}; patience starts without it", RuntimeWarning, stacklevel=2)
            return
        self.wait, self.best, self.stopped_epoch, self.best_epoch = wait, best, stopped, best_epoch
        self._saved_watch = state.get("watch")
        if self.restore_best_weights and self.best is not None:
            self.best_weights = backup.weights(self.best_epoch)
        if self.restore_best_weights and warm is not None:
            self._warm, self._warm_epoch, self._warm_weights = warm, best_epoch, backup.weights(best_epoch)
        if self.stopped_epoch:
            self._ended = EndedTraining(self.model)
            if self.verbose and (words := self._watching().had_stopped("patience")) is not None:
                write(words)

    def _load_best(self, path: Path) -> None:
        self.best_weights = None
        try:
            self.best_weights = TrainedModel(self.model).give_back(path).get_weights()
        except FileNotFoundError:
            best = f"the best epoch {self.best_epoch + 1}"
            self._watching().complain(ConvergenceError(f"the weights of {best} are gone; the last ones stay"))
        except Exception as error:  # a damaged file must not take the trained model with it
            self._watching().complain(
                ConvergenceError(f"the best weights can't be given back: {error!r}; the last stay")
            )
