"""Lightning's ``EarlyStopping``, with a diagnosis and without its known defects."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch

from convergence_callbacks.adapter.account import Cause, cause_of
from convergence_callbacks.adapter.arguments import arguments_checked
from convergence_callbacks.adapter.watch import Watch, Watched
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError, as_state_error
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.lightning import ended
from convergence_callbacks.lightning.console import say
from convergence_callbacks.lightning.epoch import EpochInProgress
from convergence_callbacks.lightning.errors import MisconfiguredError, MonitorNotFoundError
from convergence_callbacks.lightning.fit_lifecycle import FitLifecycle
from convergence_callbacks.lightning.monitored import MonitoredMetric
from convergence_callbacks.lightning.observed import observed
from convergence_callbacks.lightning.processes import LightningProcesses
from convergence_callbacks.lightning.saved import SavedEarlyStopping
from convergence_callbacks.lightning.schedule import limit, schedule
from convergence_callbacks.lightning.stock import early_stoppings, reason_type
from convergence_callbacks.metrics.find import not_found

IN_THE_KEY = ("min_delta", "patience", "check_finite", "stopping_threshold", "divergence_threshold", "tolerance")
"""Settings by which two callbacks on one metric differ; a stop from a checkpoint stands while they are the same."""


class EarlyStopping(Watched, *early_stoppings()):  # type: ignore[misc]
    """Lightning's `EarlyStopping`: its arguments and decisions, without its known defects, with a diagnosis.

    ``docs/defects.md`` lists what differs. `decision`, `history`, `observations` and `listeners` are those of
    `Stopping`: what the training looks like is reported at every epoch, whatever ends it.

    Args:
        monitor: Name of the metric to judge.
        min_delta: By how much it has to improve to count.
        patience: Checks without improvement after which the training ends.
        verbose: Log each improvement, and say at the stop what the training looked like.
        mode: ``"min"`` where less of the metric is better, ``"max"`` where more is.
        strict: Raise an error where no process logged the metric, or a checkpoint's state can't be read.
        check_finite: End the training where the metric is NaN or infinite.
        stopping_threshold: End the training as soon as the metric is better than this.
        divergence_threshold: End the training as soon as the metric is worse than this.
        check_on_train_epoch_end: Check at the end of the epoch, not of validation; found out when left out.
        log_rank_zero_only: Log on the first process only.
        tolerance: End the training also by the default rule: when what is still to be gained is below this share of
            what was gained, or the training is lost. Left out, its verdict is only reported.

    Raises:
        MisconfiguredError: An argument has a wrong value; it is Lightning's ``MisconfigurationException`` too.
    """

    _epoch: EpochInProgress
    _metric: MonitoredMetric
    _missing_reported: bool
    _was_validated: bool
    _saved_watch: Mapping[str, Any] | None

    @arguments_checked
    def __init__(  # noqa: PLR0917 as Lightning's
        self,
        monitor: str,
        min_delta: float = 0.0,
        patience: int = 3,
        verbose: bool = False,
        mode: Literal["min", "max"] = "min",
        strict: bool = True,
        check_finite: bool = True,
        stopping_threshold: float | None = None,
        divergence_threshold: float | None = None,
        check_on_train_epoch_end: bool | None = None,
        log_rank_zero_only: bool = False,
        *,
        tolerance: float | None = None,
    ) -> None:
        if mode not in self.mode_dict:
            raise MisconfiguredError(f"`mode` can be {', '.join(self.mode_dict)}, got {mode}", ("mode",))
        if patience < 0:
            raise MisconfiguredError(f"patience must be at least 0, got {patience}", ("patience",))
        # The last of the bases: the others would call it without the arguments that it needs.
        early_stoppings()[-1].__init__(  # type: ignore[misc]
            self,
            monitor,
            min_delta,
            patience,
            verbose,
            mode,
            strict,
            check_finite,
            stopping_threshold,
            divergence_threshold,
            check_on_train_epoch_end,
            log_rank_zero_only,
        )
        Watch(monitor, mode=mode, tolerance=tolerance)  # so that a wrong tolerance is refused here
        self.tolerance = tolerance
        self.listeners: list[Callable[[Observation, Decision], None]] = []
        self._when_asked = check_on_train_epoch_end
        self._fits, self._is_only_on_metric = FitLifecycle(), False
        self._set_reason(None, 0)
        self._forget()

    @property
    def state_key(self) -> str:
        """Lightning's; among several callbacks on one metric also with the settings by which they differ."""
        others = {} if self._is_only_on_metric else self._settings(changed_only=True)
        return str(self._generate_state_key(monitor=self.monitor, mode=self.mode, **others))

    # Run ----------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Forget the last training, and read from this trainer when to check."""
        self._check_on_train_epoch_end = self._when_asked
        super().setup(trainer, pl_module, stage)
        if stage == "fit" and trainer.world_size > 1 and _may_lack_validation(trainer, pl_module):
            self._check_on_train_epoch_end = True
        key = self._generate_state_key(monitor=self.monitor, mode=self.mode)
        self._is_only_on_metric = sum(callback.state_key.startswith(key[:-1]) for callback in trainer.callbacks) == 1
        if self._fits.begins(stage):
            self._forget()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Sum the training up, if asked, and release the trainer."""
        if stage == "fit":
            self._conclude(trainer, ended.cause(trainer))
        super().teardown(trainer, pl_module, stage)
        self._fits.ends()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Sum the training up, if asked, and release the trainer, which will not report its end."""
        self._conclude(trainer, cause_of(exception))
        super().on_exception(trainer, pl_module, exception)
        self._fits.ends()

    def _conclude(self, trainer: Any, cause: Cause) -> None:
        if self._watch is not None:
            self._watch.conclude(cause, functools.partial(say, trainer))

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Train no further epoch if the training had ended before its checkpoint was saved."""
        watch = self._watching(trainer)
        if self._stops and (words := watch.had_stopped("patience")) is not None:
            say(trainer, words)
        self._signal(trainer)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Forget the last epoch's losses."""
        self._epoch = self._epoch.next(trainer)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Add the loss of the batch to the epoch's; end a training that has now taken its least steps."""
        self._epoch.add_batch(trainer, pl_module, outputs)
        self._signal(trainer)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Check the metric, if it is to be checked here."""
        if self._should_skip_check(trainer):  # a trainer that is to stop in the sanity check never calls on_train_start
            return
        self._epoch.note_validation(trainer)
        self._was_validated = True
        super().on_validation_end(trainer, pl_module)
        self._signal(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Report what the training looks like; check the metric, if it is to be checked here."""
        watch = self._watching(trainer)
        if not trainer.fast_dev_run:
            watch.decide(observed(watch, self._epoch, trainer, trainer.current_epoch))
        super().on_train_epoch_end(trainer, pl_module)
        if watch.ends and not self._stops:
            self._stop(trainer, str(watch.decision))
        self._signal(trainer)
        if self._stops and trainer.should_stop and watch.history:
            watch.end(self.stopping_reason_message or "")

    def _run_early_stopping_check(self, trainer: Any) -> None:
        if trainer.fast_dev_run:
            return
        metrics = trainer.callback_metrics
        current, is_new = self._metric.read(trainer, metrics)
        if current is None:
            self._report_missing(trainer, metrics)
        elif is_new:
            self._judge(trainer, current)

    def _judge(self, trainer: Any, current: Any) -> None:
        """Judge the metric by Lightning's rule; what the first process that stops found is what all found."""
        stops, reason = self._evaluate_stopping_criteria(current)
        ranks = LightningProcesses(trainer).gather((stops, self._reason_code(), reason))
        first = next((found for found in ranks if found[0]), None)
        if first is None:
            self._go_on()
        else:
            _, code, reason = first
            self._set_reason(trainer, code)
            self._stop(trainer, reason)
        if reason and self.verbose:
            self._log_info(trainer, reason, self.log_rank_zero_only)

    def _evaluate_stopping_criteria(self, current: Any) -> tuple[bool, str | None]:
        stops, reason = super()._evaluate_stopping_criteria(current)
        if reason and reason.startswith("Divergence"):  # Lightning writes the sign of the other threshold
            sign, other = (" < ", " > ") if self.mode == "min" else (" > ", " < ")
            reason = reason.replace(sign, other)
        return stops, reason

    def _report_missing(self, trainer: Any, metrics: Mapping[str, Any]) -> None:
        validated = LightningProcesses(trainer).any(self._was_validated)
        if trainer.enable_validation and not validated:  # it may be logged at the first validation
            return
        error = MonitorNotFoundError(str(not_found(self.monitor, metrics, setting="monitor")))
        if self.strict:
            raise error
        if not self._missing_reported:
            self._missing_reported = True
            warnings.warn(f"{error}; the training goes on", RuntimeWarning, stacklevel=2)

    # Act ----------------------------------------------------------------------------------------------

    def _stop(self, trainer: Any, reason: str | None) -> None:
        self._stops = True
        self.stopped_epoch, self.stopping_reason_message = trainer.current_epoch, reason
        self._set_reason(trainer, self._reason_code())

    def _go_on(self) -> None:
        """Drop a stop that the trainer's minimum has put off, once the rule no longer asks for it."""
        self._stops, self.stopped_epoch, self.stopping_reason_message = False, 0, None
        if reason := getattr(self, "stopping_reason", None):
            self.stopping_reason = type(reason)(0)

    def _signal(self, trainer: Any) -> None:
        """Set the trainer's flag, which it never forgets, once it has reached its minimum of epochs and steps."""
        if self._stops and trainer.fit_loop._can_stop_early:
            trainer.should_stop = True

    # State --------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Lightning's state, and beside it that of the diagnosis; plain types and a tensor."""
        own = {
            "stops": self._stops,
            "settings": self._settings(),
            "watch": self._saved_watch if self._watch is None else self._watch.state_dict(),
            "epoch": self._epoch.state_dict(),
        }
        return {**super().state_dict(), "convergence": own}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore a saved state, also one of Lightning's own callback; the settings stay the user's.

        Raises:
            StateError: It is damaged or foreign; without ``strict`` that is a warning, and patience starts without it.
        """
        if not self._fits.may_load():
            return
        try:
            saved = SavedEarlyStopping.read(state_dict)
            with as_state_error("EarlyStopping"):
                super().load_state_dict({**state_dict, "patience": self.patience, "best_score": saved.best_score})
        except StateError as error:
            if self.strict:
                raise StateError(f"{error}; with strict=False patience starts without it") from error
            self._forget()
            warnings.warn(f"{error}; patience starts without it; the training goes on", RuntimeWarning, stacklevel=2)
            return
        stops = self.wait_count >= max(1, self.patience) if saved.stops is None else saved.stops
        self._stops = stops and saved.settings.items() <= self._settings().items()
        self._watch, self._saved_watch, self._epoch = None, saved.watch, saved.epoch

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Mapping[str, Any]) -> None:
        """Restore the state of a callback on the same metric that had other settings."""
        states = checkpoint.get("callbacks", {})
        key = self._generate_state_key(monitor=self.monitor, mode=self.mode)[:-1]
        taken = {callback.state_key for callback in trainer.callbacks}
        left = [state for name, state in states.items() if str(name).startswith(key) and name not in taken]
        if self.state_key not in states and len(left) == 1:
            self.load_state_dict(left[0])

    def _settings(self, *, changed_only: bool = False) -> dict[str, Any]:
        defaults = inspect.signature(EarlyStopping.__init__).parameters
        now = {name: getattr(self, name) for name in IN_THE_KEY}
        now["min_delta"] = abs(now["min_delta"])  # Lightning turns its sign
        return {name: value for name, value in now.items() if not changed_only or value != defaults[name].default}

    def _forget(self) -> None:
        """Forget the run; the settings stay."""
        self.wait_count, self._watch, self._saved_watch = 0, None, None
        self.best_score = torch.tensor(torch.inf if self.mode == "min" else -torch.inf)
        self._go_on()
        self._epoch, self._metric = EpochInProgress(), MonitoredMetric(self.monitor)
        self._missing_reported = self._was_validated = False

    def _watching(self, trainer: Any) -> Watch:
        if self._watch is None:
            self._watch = Watch(
                self.monitor,
                mode=self.mode,
                tolerance=self.tolerance,
                listeners=self.listeners,
                processes=LightningProcesses(trainer),
                verbose=self.verbose,
            )
            self._watch.resume(self._saved_watch, limit(trainer.max_epochs), trainer.min_epochs, schedule(trainer))
        return self._watch

    def _reason_code(self) -> int:
        return int(getattr(getattr(self, "stopping_reason", None), "value", 0))

    def _set_reason(self, trainer: Any, code: int) -> None:
        """Give the reason in the enumeration of the trainer's namespace."""
        if kind := reason_type(trainer):
            self.stopping_reason = kind(code)


def _may_lack_validation(trainer: Any, pl_module: Any) -> bool:
    """Whether a process may have no validation data: Lightning then calls no hook of validation in that one."""
    owners = (pl_module, trainer.datamodule)
    return any(getattr(owner, "allow_zero_length_dataloader_with_multiple_devices", False) for owner in owners)
