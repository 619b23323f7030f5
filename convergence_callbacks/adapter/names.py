"""Which of the logged metrics are the train loss and the validation loss."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from convergence_callbacks.core.errors import MetricNotFoundError, unknown_name
from convergence_callbacks.metrics.find import is_score

_VALIDATION = frozenset({"val", "valid", "validation", "dev", "eval"})
_TRAIN = frozenset({"train", "training"})
_PER_STEP = frozenset({"step", "batch"})
_PER_EPOCH = frozenset({"epoch"})
_PLAIN_WORDS = _VALIDATION | _TRAIN | _PER_EPOCH | {"loss"}


def find_validation_loss(logged: Iterable[str]) -> str | None:
    """The name of the validation loss: ``val_loss``, ``valid/loss_epoch``, ``Loss/validation`` and the like.

    >>> find_validation_loss(["train_loss", "val_acc", "val/loss_epoch"])
    'val/loss_epoch'
    """
    return _plainest(name for name in logged if _is_loss(name) and _words(name) & _VALIDATION)


def find_validation_scores(logged: Iterable[str]) -> list[str]:
    """Names of scores on the validation data, of which more is better.

    >>> find_validation_scores(["val_loss", "accuracy", "val_accuracy", "val/f1"])
    ['val_accuracy', 'val/f1']
    """
    return [name for name in logged if is_score(name) and _words(name) & _VALIDATION and not _words(name) & _PER_STEP]


def find_train_loss(logged: Iterable[str]) -> str | None:
    """The name of the train loss: ``train_loss``, ``loss``, ``train/loss_epoch`` and the like.

    >>> find_train_loss(["val_loss", "train_loss_step", "train_loss_epoch"])
    'train_loss_epoch'
    """
    names = [name for name in logged if _is_loss(name) and not _words(name) & (_VALIDATION | {"test"})]
    return _plainest(name for name in names if _words(name) & _TRAIN) or _plainest(
        name for name in names if _words(name) <= _PLAIN_WORDS
    )


def find_counterpart(validation: str, logged: Iterable[str]) -> str | None:
    """The same metric on the training data, for one that is no loss: ``acc`` or ``train/acc_epoch`` of ``val_acc``.

    >>> find_counterpart("val_acc", ["train_loss", "train_acc", "val_acc"])
    'train_acc'
    """
    kind = _words(validation) - _VALIDATION - _PER_EPOCH
    if "loss" in kind:
        return None
    return _plainest(name for name in logged if _words(name) - _TRAIN - _PER_EPOCH == kind)


def is_epoch_mean(name: str) -> bool:
    """Whether a name says that it was taken over the epoch, not of its last step."""
    return bool(_words(name) & _PER_EPOCH)


def is_paired(train: str, validation: str) -> bool:
    """Whether a train loss has nothing special in its name that the validation metric lacks, as a part of the loss has.

    >>> is_paired("train_loss_epoch", "val_loss"), is_paired("train_kl_loss_epoch", "val_loss")
    (True, False)
    """
    return _words(train) - _PLAIN_WORDS <= _words(validation)


def is_of_training(name: str) -> bool:
    """Whether a name says that it was measured on the training data: ``train_acc``, ``loss``.

    >>> is_of_training("train/acc"), is_of_training("loss"), is_of_training("val_loss"), is_of_training("score")
    (True, True, False, False)
    """
    return bool(_words(name) & _TRAIN) or find_train_loss([name]) is not None


def likely_mode(name: str) -> Literal["min", "max"] | None:
    """Whether less or more of a metric is better, where its name leaves no doubt.

    >>> likely_mode("val_decoder_loss"), likely_mode("val_head_accuracy"), likely_mode("val_score")
    ('min', 'max', None)
    """
    words = _words(name)
    return "min" if words & {"loss", "error"} else "max" if words & {"acc", "accuracy"} else None


def not_found(wanted: str, logged: Iterable[str], setting: str) -> MetricNotFoundError:
    """The error for a metric that was not logged: names what was, the nearest name and the setting that mends it."""
    names = list(logged)
    message = unknown_name("metric", wanted, names) if names else f"metric {wanted!r} was not logged; nothing was"
    return MetricNotFoundError(f"{message} (name it with {setting}=…)")


def _words(name: str) -> frozenset[str]:
    """The words of a name: ``trainLoss/epoch_1`` has train, loss and epoch."""
    return frozenset(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


def _is_loss(name: str) -> bool:
    return "loss" in _words(name) and not _words(name) & _PER_STEP


def _plainest(names: Iterable[str]) -> str | None:
    """The name with the fewest words that say something special; one taken per epoch before one that is not said."""
    rank = {name: (len(_words(name) - _PLAIN_WORDS), not _words(name) & _PER_EPOCH, len(name), name) for name in names}
    return min(rank, key=rank.__getitem__, default=None)
