"""Defects of Lightning's `EarlyStopping`."""

from functools import partial

from lightning import Trainer
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

from tests.defects.defect import Defect, found_by
from tests.lightning_training import SCRIPT, fit, module

DEFECTS: list[Defect] = []
defect = partial(found_by, DEFECTS)
LATE = [1.0, 1.1, 1.1, 1.1, 0.5, 0.4, 0.3, 0.2, 0.1, 0.09, 0.08, 0.07]
"""Improves only after a patience of 3 is exhausted."""


@defect(
    "a stop that `min_epochs` forbade is remembered: the training ends at `min_epochs` although it improves again",
    "judges again at each check",
    "[#19966](https://github.com/Lightning-AI/pytorch-lightning/issues/19966)",
)
def a_forbidden_stop_is_remembered(kind, folder):
    trainer, _ = fit(kind("val_loss"), folder, module(script=LATE), min_epochs=7)
    return trainer.current_epoch == 7


@defect(
    "says that patience was exhausted of a training that was not stopped, but improved until its last epoch",
    "the reason is that of the last check",
)
def the_reason_of_a_forbidden_stop_stays(kind, folder):
    callback = kind("val_loss")
    fit(callback, folder, module(script=LATE), min_epochs=12)
    return callback.stopping_reason.name == EarlyStoppingReason.PATIENCE_EXHAUSTED.name


@defect(
    "an instance that is used for a second `fit` goes on with the first one's best and patience", "starts from nothing"
)
def a_second_fit_goes_on_with_the_first(kind, folder):
    callback = kind("val_loss")
    first, second = (fit(callback, folder)[0].current_epoch for _ in range(2))
    return first != second


@defect(
    "whether to check after training or validation is guessed from the first trainer and kept for the next",
    "guessed for each",
)
def when_to_check_is_kept_for_the_next_trainer(kind, folder):
    used, fresh = kind("val_loss", strict=False), kind("val_loss", strict=False)
    fit(used, folder)
    made = module(script=[1.0 - 0.05 * epoch for epoch in range(12)])
    return len({fit(one, folder, made, check_val_every_n_epoch=4)[0].current_epoch for one in (used, fresh)}) > 1


@defect("resuming takes the patience of the checkpoint over the one configured", "the settings are the user's")
def the_patience_of_the_checkpoint_wins(kind, folder):
    trainer, _ = fit(kind("val_loss"), folder, max_epochs=5)
    trainer.save_checkpoint(folder / "five.ckpt")
    resumed, _ = fit(kind("val_loss", patience=6), folder, ckpt_path=folder / "five.ckpt")
    return resumed.current_epoch == 7


@defect("a training that had stopped trains one more epoch each time it is resumed", "ends at once")
def a_stopped_training_is_resumed_for_an_epoch(kind, folder):
    trainer, _ = fit(kind("val_loss"), folder)
    trainer.save_checkpoint(folder / "stopped.ckpt")
    resumed, _ = fit(kind("val_loss"), folder, ckpt_path=folder / "stopped.ckpt")
    return resumed.current_epoch > trainer.current_epoch


@defect(
    "with `check_on_train_epoch_end=True`, a validation value is counted again in every epoch without validation",
    "an old value is not judged again",
)
def an_old_value_is_counted_again(kind, folder):
    falling = [1.0 - 0.05 * epoch for epoch in range(12)]
    callback = kind("val_loss", check_on_train_epoch_end=True, strict=False)
    trainer, _ = fit(callback, folder, module(script=falling), check_val_every_n_epoch=4)
    return trainer.current_epoch < 12


@defect(
    "with `check_on_train_epoch_end=True`, a training that is validated every fourth epoch dies at its first",
    "waits for the first validation",
)
def it_does_not_wait_for_the_first_validation(kind, folder):
    try:
        fit(kind("val_loss", check_on_train_epoch_end=True), folder, check_val_every_n_epoch=4)
    except RuntimeError:
        return True
    return False


@defect("two of them on one metric, with different patience or thresholds, are refused", "distinguished by settings")
def two_on_one_metric_are_refused(kind, folder):
    callbacks = [kind("val_loss", patience=3), kind("val_loss", patience=10, min_delta=0.1)]
    try:
        Trainer(callbacks=callbacks, logger=False, default_root_dir=folder, accelerator="cpu")
    except RuntimeError:
        return True
    return False


@defect("a negative patience is accepted, and ends the training at its first epoch without progress", "refused")
def a_negative_patience_is_accepted(kind, folder):
    try:
        return kind("val_loss", patience=-3) is not None
    except ValueError:
        return False


@defect("the message at a divergence has the wrong sign: `val_loss = 16.0 < 15.9`", "`val_loss = 16.0 > 15.9`")
def the_sign_of_the_divergence_is_wrong(kind, folder):
    callback = kind("val_loss", divergence_threshold=0.9)
    fit(callback, folder, module(script=SCRIPT))
    return f"val_loss = {SCRIPT[0]} < 0.9" in callback.stopping_reason_message
