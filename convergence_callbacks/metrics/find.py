"""Which of the logged metrics are the train loss, the validation loss and the scores."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterable
from typing import TypeVar

from convergence_callbacks.core.errors import MetricNotFoundError
from convergence_callbacks.metrics.meaning import letters, meaning

Found = TypeVar("Found")


def _of_names(find: Callable[[tuple[str, ...]], Found]) -> Callable[[Iterable[str]], Found]:
    """Find what is found among names once for the same names: a training logs the same ones in each epoch."""
    found = functools.lru_cache(maxsize=512)(find)
    return functools.wraps(find)(lambda logged: found(tuple(logged)))


@_of_names
def find_validation_loss(logged: Iterable[str]) -> str | None:
    """The name of the validation loss: ``val_loss``, ``valid/loss_epoch``, ``Loss/validation`` and the like.

    >>> find_validation_loss(["train_loss", "val_acc", "val/loss_epoch"])
    'val/loss_epoch'
    """
    return _plainest(name for name in logged if _is_loss(name) and meaning(name).role == "validation")


def find_validation_scores(logged: Iterable[str]) -> list[str]:
    """Names of scores on the validation data, of which more is better.

    >>> find_validation_scores(["val_loss", "accuracy", "val_accuracy", "val/f1"])
    ['val_accuracy', 'val/f1']
    """
    return list(_validation_scores(logged))


@_of_names
def _validation_scores(logged: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in logged if is_score(name) and meaning(name).role == "validation")


@_of_names
def find_train_loss(logged: Iterable[str]) -> str | None:
    """The name of the train loss: ``train_loss``, ``loss``, ``train/loss_epoch`` and the like.

    >>> find_train_loss(["val_loss", "train_loss_step", "train_loss_epoch"])
    'train_loss_epoch'
    """
    names = [name for name in logged if _is_loss(name)]
    return _plainest(name for name in names if meaning(name).role == "train") or _plainest(
        name for name in names if meaning(name).role is None and not meaning(name).special
    )


def find_counterpart(validation: str, logged: Iterable[str]) -> str | None:
    """The same metric on the training data, for one that is no loss: ``acc`` or ``train/acc_epoch`` of ``val_acc``.

    >>> find_counterpart("val_acc", ["train_loss", "train_acc", "val_acc"])
    'train_acc'
    """
    wanted = meaning(validation)
    if wanted.kind == "loss":
        return None
    return _plainest(
        name
        for name in logged
        if meaning(name).role in ("train", None)
        and meaning(name).per != "step"
        and meaning(name).measure == wanted.measure
        and name != validation
    )


def is_score(name: str) -> bool:
    """Whether a name is that of a score, of which more is better, on other than the training data.

    >>> is_score("val_acc"), is_score("train_acc"), is_score("val_mse"), is_score("val_acc_step")
    (True, False, False, False)
    """
    measured = meaning(name)
    return measured.kind == "score" and measured.role != "train" and measured.per != "step"


def meant_loss(name: str) -> str | None:
    """Which of ``train_loss`` and ``val_loss`` a name is another spelling of, None for neither.

    >>> meant_loss("validation_loss"), meant_loss("loss"), meant_loss("val_los"), meant_loss("val_acc")
    ('val_loss', 'train_loss', 'val_loss', None)
    """
    measured = meaning(name)
    if measured.kind == "loss" and not measured.special and measured.role != "test":
        return "val_loss" if measured.role == "validation" else "train_loss"
    near = difflib.get_close_matches(name, ("train_loss", "val_loss"), n=1, cutoff=0.85)
    return near[0] if near and measured.kind in (None, "loss") else None


def is_of_training(name: str) -> bool:
    """Whether a name says that it was measured on the training data: ``train_acc``, ``loss``.

    >>> is_of_training("train/acc"), is_of_training("loss"), is_of_training("val_loss"), is_of_training("score")
    (True, True, False, False)
    """
    return meaning(name).role == "train" or find_train_loss([name]) is not None


def is_epoch_mean(name: str) -> bool:
    """Whether a name says that it was taken over the epoch, not of its last step.

    >>> is_epoch_mean("train_loss_epoch"), is_epoch_mean("train_loss")
    (True, False)
    """
    return meaning(name).per == "epoch"


def is_paired(train: str, validation: str) -> bool:
    """Whether a train loss has nothing special in its name that the validation metric lacks, as a part of the loss has.

    >>> is_paired("train_loss_epoch", "val_loss"), is_paired("train_kl_loss_epoch", "val_loss")
    (True, False)
    """
    return meaning(train).special <= meaning(validation).measure


def find_named(wanted: str, logged: Iterable[str]) -> str | None:
    """The logged name that the user means: the very same, or the only one that is another spelling of it.

    Boosted trees call one evaluation ``valid_0's auc``, ``valid_0-auc`` and ``valid_0/auc``; Hugging Face calls
    *accuracy* what it logs as ``eval_accuracy``.

    >>> find_named("valid_0's auc", ["valid_0/auc", "valid_0/l2"]), find_named("f1", ["eval_loss", "eval_f1"])
    ('valid_0/auc', 'eval_f1')
    >>> find_named("val_loss", ["val_loss/dataloader_idx_0", "val_loss/dataloader_idx_1"])
    """
    names = list(logged)
    if wanted in names:
        return wanted
    spelled = [name for name in names if _letters(name) == _letters(wanted)]
    return spelled[0] if len(spelled) == 1 else _only([] if spelled else _of_other_data(wanted, names))


def not_found(wanted: str, logged: Iterable[str], setting: str) -> MetricNotFoundError:
    """The error for a metric that was not logged: names what was, the nearest name and the setting that mends it."""
    names = sorted(logged)
    if not names:
        return MetricNotFoundError(f"metric {wanted!r} was not logged; nothing was ({_mend(setting)})")
    alike = [name for name in names if meaning(name).role == meaning(wanted).role]
    same = [name for name in alike if meaning(name).measure == meaning(wanted).measure]
    if len(same) > 1:
        listed = ", ".join(map(repr, same))
        return MetricNotFoundError(
            f"metric {wanted!r} was logged of {len(same)} data sets: {listed} ({_mend(setting)})"
        )
    near = difflib.get_close_matches(wanted, alike, n=1)  # the train loss is no other spelling of a validation loss
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return MetricNotFoundError(f"unknown metric {wanted!r}{hint} Known: {', '.join(names)} ({_mend(setting)})")


def _mend(setting: str) -> str:
    return f"name it with {setting}=…"


def _letters(name: str) -> str:
    """The letters of a name, without the ``'s`` of LightGBM."""
    return letters(name.lower().replace("'s ", " "))


def _of_other_data(wanted: str, names: Iterable[str]) -> list[str]:
    """The metrics of the same measure on the validation data, where the wanted name states no data."""
    measured = meaning(wanted)
    if measured.role is not None or not measured.measure:
        return []
    return [name for name in names if meaning(name).role == "validation" and meaning(name).measure == measured.measure]


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _is_loss(name: str) -> bool:
    return meaning(name).kind == "loss" and meaning(name).per != "step"


def _plainest(names: Iterable[str]) -> str | None:
    """The name with the fewest words that say something special; one taken per epoch before one that is not said."""
    rank = {name: (len(meaning(name).special), meaning(name).per != "epoch", len(name), name) for name in names}
    return min(rank, key=rank.__getitem__, default=None)
