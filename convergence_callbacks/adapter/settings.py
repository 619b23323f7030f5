"""What can be set on a callback: all that a monitor takes, and what the callback does with a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from convergence_callbacks.core.criteria.criterion import Criterion
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class StoppingSettings(Settings):
    """The settings of a callback; the same for every framework, and all that a YAML file may hold.

    Raises:
        SettingsError: A value has a wrong type, is out of its range, or names what is not known.
    """

    train_metric: str | None = setting("name under which the train loss is logged; found by itself when left out", None)
    val_metric: str | None = setting(
        "name under which the validation loss is logged; found by itself when left out", None
    )
    restore_best: bool = setting("give the model the weights of its best epoch at the end", False)
    verbose: bool = setting("say at the stop why the training ended", True)
    show_forecast: bool = setting("say after every epoch how many are left, such as 'ETA ≈ 14 epochs (9–25)'", False)
    log_decisions: bool = setting(
        "write verdict, evidence and forecast of every epoch to the framework's loggers", False
    )
    backup_dir: str | None = setting(
        "folder for what must survive a kill beside the framework's own checkpoints: Keras's state, large best weights",
        None,
    )
    probe: bool = setting(
        "at a suspected plateau, train copies at other learning rates for a few epochs; Lightning and Keras only", False
    )
    probe_budget: int = setting("epochs that all probes of a run may take together; 12 to 28 each", 60, ge=12)
    every_n_steps: int | None = setting(
        "judge each so many steps instead of each epoch, for runs of few long ones; Lightning only", None, ge=1
    )
    check_data: bool = setting(
        "look at the first batches and gradients, and say what is wrong with them where a run does not learn; "
        "Lightning and Keras only",
        False,
    )
    on_false_convergence: Literal["tell", "raise_lr"] = setting(
        "what to do about too low a learning rate: tell, or raise it (raise_lr) and put it back where that does not "
        "help; Lightning and Keras only",
        "tell",
    )
    record: str | None = setting(
        "file to which every observation and decision is appended, so that anyone can recompute them", None
    )
    strict: bool = setting(
        "raise an error where a metric is missing or not finite, or a saved state can't be read, instead of a warning",
        False,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on_false_convergence not in ("tell", "raise_lr"):
            wrong = f"on_false_convergence must be 'tell' or 'raise_lr', got {self.on_false_convergence!r}"
            raise SettingsError(wrong, ("on_false_convergence",))

    def to_dict(self) -> dict[str, Any]:
        """The settings in plain types, as a callback takes them; a schedule that is a function is left out."""
        plain = {**vars(self), "stop_on": [str(verdict) for verdict in self.stop_on]}
        if isinstance(self.criteria, Criterion):
            plain["criteria"] = self.criteria.to_dict()
        schedule = self.lr_schedule
        plain["lr_schedule"] = None if schedule is None or callable(schedule) else [float(rate) for rate in schedule]
        return plain
