"""Which column of a log is what, and why."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from convergence_callbacks.core.errors import unknown_name
from convergence_callbacks.logs.elapsed import DURATIONS
from convergence_callbacks.logs.energy import find_energy
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.metrics.find import find_counterpart, find_named, find_train_loss, not_found

SCORES = frozenset(
    {"acc", "accuracy", "auc", "auroc", "f1", "precision", "recall", "iou", "miou", "dice", "map", "r2", "bleu"}
)
"""Words in the names of scores: of these more is better."""

OPTIONS = {
    "train": "--train-metric",
    "val": "--val-metric",
    "lr": "--lr-column",
    "epoch": "--epoch-column",
    "step": "--step-column",
    "time": "--time-column",
    "energy": "--energy-column",
}
"""Each role, with the option that names its column."""

_VALIDATION = frozenset({"val", "valid", "validation", "vld", "dev", "eval", "evaluation", "holdout"})
_TEST = frozenset({"test", "testing"})
_TRAIN = frozenset({"train", "training", "trn", "tr", "learn"})
_PER_STEP = frozenset({"step", "batch", "minibatch", "iter"})
_NO_MEANING = frozenset(
    {"epoch", "loss", "mean", "avg", "average", "total", "combined", "metrics", "running", "so", "far", "phase"}
)
_LOSSES = frozenset(
    {
        *("loss", "error", "err", "cost", "nll", "mse", "rmse", "mae", "bce", "perplexity", "ppl", "bpb", "bpc"),
        *("logloss", "crossentropy"),
    }
)
_EPOCH = frozenset({"epoch", "epochs", "ep"})
_STEP = frozenset({"step", "steps", "iter", "iters", "iteration", "iterations", "update", "updates", "round"})
_OF_STEPS = frozenset({"global", "num", "number", "trainer", "train", "training", "current", "total"})
_REWARD = frozenset({"reward", "rew", "return", "eprew", "eprewmean"})
_OF_REWARDS = frozenset(
    {"mean", "ep", "episode", "avg", "average", "eval", "env", "runners", "train", "rollout", "total", "ext"}
)
_OF_AGENTS = frozenset({"policy", "pi", "actor", "q", "value", "entropy", "reward", "advantage"})
"""Words beside a v that make it the value of a state."""

_OF_DATA_SET = re.compile(r"((?:val|eval|test)[a-z]*_?)\d+", re.IGNORECASE)
"""The number of a data set of boosting, as of ``valid_1``."""

_MAIN = frozenset({"main", "cross", "entropy", "crossentropy", "all", "overall"})
"""Words of a loss that is the whole of it."""

_AGAINST = frozenset({"gan", "adv", "adversarial"})
_GENERATOR = frozenset({"g", "gen", "generator"})
_DISCRIMINATOR = frozenset({"d", "disc", "discriminator", "critic"})

_PARTIAL = frozenset(
    {
        *("reg", "regularization", "regularisation", "aux", "auxiliary", "kl", "kld", "penalty", "decay", "entropy"),
        *("g", "d", "gen", "disc", "generator", "discriminator", "gan", "adv", "adversarial", "critic", "actor"),
        *("policy", "value", "pi", "q", "alpha", "teacher", "student", "router", "weight", "scale"),
    }
)
"""Words of a loss that is a part of another one, or plays against one that is not logged."""

OF_THE_WHOLE = frozenset({"train_loss", "train_runtime"})
"""What Hugging Face's trainer logs once, at the end, of the whole training: that mean is no curve."""

_STATISTICS = frozenset({"best", "lowest", "minimum", "min", "max", "maximum", "std"})
"""Words of a number that is the least or most of several, or their spread: it is no curve."""

_NOT_THE_RATE = frozenset({"momentum", "decay", "from", "min", "max", "mult", "initial", "warmup"})
"""Words beside that of a learning rate which make a setting of it, or what it was before."""

_ENDS_SO = frozenset({"loss", "logloss", "closs", "floss"})
"""Words that end as a loss does, and are no name before the word."""

_SINGULAR = {"losses": "loss", "accs": "acc", "accuracies": "accuracy", "errors": "error", "lrs": "lr"}
_TIMES = (
    *("_runtime", "runtime", "elapsed", "elapsed_time", "time_elapsed", "elapsed_seconds", "total_time", "time"),
    *("_timestamp", "timestamp", "wall_time", "walltime", "datetime", *sorted(DURATIONS)),
)


@dataclass(frozen=True)
class ColumnChoice:
    """The columns that the user names; what is left out is found.

    Args:
        train: Train loss.
        val: Validation loss, or with mode ``"max"`` what is to rise.
        lr: Learning rate.
        epoch: Number of the epoch.
        step: Number of the optimiser's step.
        time: Seconds, or the time of day.
        energy: Energy; in kWh, unless its name holds another unit.
        others: Metrics that criteria name, in whatever spelling the log has.
    """

    train: str | None = None
    val: str | None = None
    lr: str | None = None
    epoch: str | None = None
    step: str | None = None
    time: str | None = None
    energy: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns(ColumnChoice):
    """The columns that were taken.

    Args:
        why: The reason for each that was taken, and for each that was not found, by role.
        ignored: The other columns.
        time_of_iterations: Whether the time is that of one iteration, of which a row sums up several.
    """

    why: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    time_of_iterations: bool = False

    def explained(self) -> Iterator[str]:
        """A line for each role: the column, and why it is that one."""
        for role in OPTIONS:
            name = getattr(self, role)
            yield f"{role}: {'none' if name is None else repr(name)} ({self.why.get(role, 'not looked for')})"
        yield from (f"also: {name!r} (named by a criterion)" for name in self.others)
        if self.ignored:
            yield f"not used: {', '.join(map(repr, self.ignored))}"


def find_columns(names: Iterable[str], choice: ColumnChoice | None = None) -> Columns:
    """The columns of a log by their names.

    Args:
        names: All columns.
        choice: Those that the user named.

    Raises:
        LogError: A named one is not there, or several are equally likely: a guess would be a wrong number.
        NotALogError: None looks like a loss.

    >>> columns = find_columns(["epoch", "train_loss", "val_loss", "val_acc", "lr-Adam"])
    >>> columns.epoch, columns.train, columns.val, columns.lr, columns.ignored
    ('epoch', 'train_loss', 'val_loss', 'lr-Adam', ('val_acc',))
    """
    names, choice = list(dict.fromkeys(names)), choice or ColumnChoice()
    if choice.train is None and choice.val is None and any("loss" in words_of(name) for name in names):
        _refuse_rewards(names)
    found: dict[str, str | None] = {}
    why: dict[str, str] = {}
    for role, find in _FINDERS.items():
        wanted = getattr(choice, role)
        free = [name for name in names if name not in found.values()]
        if role in {"train", "val"}:
            free = [name for name in free if not words_of(name) & _STATISTICS and not is_of_the_whole(name, names)]
        found[role], why[role] = _named(role, wanted, names) if wanted is not None else find(free, found.get("val"))
    has_counter = found["epoch"] is not None or found["step"] is not None
    if found["train"] is None and found["val"] is None and has_counter:
        found["train"], why["train"] = _only_loss(names), "the only loss that is logged"
    if found["train"] is None and found["val"] is None:
        raise _no_loss(names)
    if choice.train is None and choice.val is None:
        _refuse_adversaries([found["train"], found["val"]], names)
    for role in ("train", "val"):
        if getattr(choice, role) is None:
            _refuse_twins(role, found[role], names)
    of_iterations = _is_of_iterations(found["time"], names)
    if of_iterations:
        why["time"] = "seconds of an iteration: times the iterations of each row"
        if found["step"] is None:
            found["time"], why["time"] = None, "seconds of an iteration, and no column counts iterations"
    others = tuple(_other(wanted, names) for wanted in choice.others)
    return Columns(
        **{role: found[role] for role in OPTIONS},
        others=others,
        why=why,
        ignored=tuple(name for name in names if name not in {*found.values(), *others}),
        time_of_iterations=of_iterations,
    )


@functools.lru_cache(maxsize=4096)
def words_of(name: str) -> frozenset[str]:
    """The words of a name: ``trainLoss/epoch_1`` has train, loss and epoch."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    joined = [word.removesuffix("loss") for word in words if word.endswith("loss") and word not in _ENDS_SO]
    words = [*(word for word in words if word.removesuffix("loss") not in joined), *joined, *(["loss"] * bool(joined))]
    found = frozenset(_SINGULAR.get(word, word) for word in words)
    return found | {"crossentropy"} if {"cross", "entropy"} <= found else found


def is_norm(name: str) -> bool:
    """Whether a name is l1 or l2 of a part of the data, as LightGBM calls the mean absolute and squared error.

    >>> is_norm("valid_1 l2"), is_norm("training l1"), is_norm("val_g_l1")
    (True, True, False)
    """
    return re.search(r"[\W_]l[12]$", name) is not None and words_of(name) - {"l"} <= _TRAIN | _VALIDATION | _TEST


def is_of_the_whole(name: str, names: Container[str]) -> bool:
    """Whether a name is that of Hugging Face's mean of the whole training, which it logs once beside the run time.

    >>> is_of_the_whole("train_loss", ["loss", "train_runtime", "train_loss"]), is_of_the_whole("train_loss", ["loss"])
    (True, False)
    """
    folder, _, last = name.rpartition("/")
    return last in OF_THE_WHOLE and all(f"{folder}/{each}".lstrip("/") in names for each in OF_THE_WHOLE)


def is_loss(name: str) -> bool:
    """Whether a name is that of a loss, rather than of a measure of error or of nothing in particular.

    >>> is_loss("val_loss"), is_loss("crossentropy"), is_loss("val_rmse"), is_loss("val")
    (True, True, False, False)
    """
    return bool(words_of(name) & {"loss", "crossentropy"})


def is_of_training(name: str) -> bool:
    """Whether a name has a word for the training."""
    return bool(words_of(name) & _TRAIN)


def part_of(name: str) -> str:
    """The part of the data in a name: ``"val"``, ``"test"``, or ``"train"`` where it is that or none."""
    words = words_of(name)
    return "val" if words & _VALIDATION else "test" if words & _TEST else "train"


def measures(name: str) -> frozenset[str]:
    """The words of a loss that say which one it is; none where it is plainly the loss.

    >>> sorted(measures("val_loss_box")), sorted(measures("train/total_loss"))
    (['box'], [])
    """
    return words_of(name) - _VALIDATION - _TEST - _TRAIN - _NO_MEANING - _MAIN - _PER_STEP


def _refuse_twins(role: str, name: str | None, names: Sequence[str]) -> None:
    """Refuse to choose between columns of one name, of which a table numbers the later ones.

    Raises:
        LogError: There is another of that name.
    """
    twin = f"{name} (2)"
    if name is not None and twin in names:
        raise LogError(f"several columns are called {name!r}; name {name!r} or {twin!r} with {OPTIONS[role]}")


def _refuse_adversaries(found: Iterable[str | None], names: Sequence[str]) -> None:
    """Refuse to judge a generator by its loss, where that of the discriminator is logged too.

    Raises:
        LogError: It is one of the two.
    """
    taken = [name for name in found if name is not None and words_of(name) & (_GENERATOR | _DISCRIMINATOR)]
    losses = [words_of(name) for name in names if words_of(name) & _LOSSES]
    only = [name for name in found if name is not None]
    both = all(any(words & side for words in losses) for side in (_GENERATOR, _DISCRIMINATOR))
    stands_alone = len(only) == 1 and bool(words_of(only[0]) & (_VALIDATION | _TEST))
    is_loss_of_it = stands_alone and is_loss(only[0])
    if stands_alone and ((both and not is_loss_of_it) or any(words & _AGAINST for words in losses)):
        taken = only
    elif not both:
        taken = []
    if taken:
        raise LogError(
            f"{taken[0]!r} plays against another loss, as in a GAN, where no single loss shows convergence; "
            "name what to judge with --val-metric"
        )


def _refuse_rewards(names: Sequence[str]) -> None:
    """Refuse to judge reinforcement learning by its loss, which does not show the progress.

    Raises:
        LogError: There is a reward.
    """
    rewards = [name for name in names if is_reward(name)]
    if rewards:
        raise LogError(
            "it logs a reward, and in reinforcement learning the loss shows no progress; "
            f"judge the reward with --val-metric {min(rewards, key=len)} and mode: max, or name a loss"
        )


def is_reward(name: str) -> bool:
    """Whether a name is that of the reward itself: what an agent gets, on average.

    >>> is_reward("rollout/ep_rew_mean"), is_reward("episode_reward_mean"), is_reward("reward"), is_reward("reward_std")
    (True, True, True, False)
    >>> is_reward("eprew"), is_reward("ext_reward")
    (True, True)
    >>> is_reward("rewards/chosen"), is_reward("reward_loss")
    (False, False)
    """
    words = words_of(name.rsplit("/", 1)[-1])
    return bool(words & _REWARD) and words <= _REWARD | _OF_REWARDS


def _is_of_iterations(time: str | None, names: Sequence[str]) -> bool:
    """Whether a time is that of an iteration: OpenMMLab and Detectron2 log beside it what the data took of it."""
    return time is not None and words_of(time) == {"time"} and any(words_of(name) == {"data", "time"} for name in names)


def _named(role: str, wanted: str, names: Sequence[str]) -> tuple[str, str]:
    if wanted not in names:
        raise LogError(f"{unknown_name('column', wanted, names)} ({OPTIONS[role]})")
    return wanted, f"named with {OPTIONS[role]}"


def _other(wanted: str, names: Sequence[str]) -> str:
    """The column of a metric that a criterion names.

    Raises:
        LogError: There is none.
    """
    found = find_named(wanted, names)
    if found is None:
        raise LogError(str(not_found(wanted, names, setting="of")))
    return found


def _no_loss(names: Sequence[str]) -> LogError:
    """The error where there is none; that of a log, where there are parts of a loss, or a reward, and a counter."""
    shown = ", ".join(map(repr, names[:12])) + (", …" if len(names) > 12 else "")
    counts = any(words_of(name) & (_EPOCH | _STEP) and words_of(name) <= _EPOCH | _STEP | _OF_STEPS for name in names)
    rewards = [name for name in names if is_reward(name)] or ["r"] * ({*names} >= {"r", "l", "t"})  # Stable-Baselines
    if rewards:
        hint = f"there is no loss; judge the reward with --val-metric {min(rewards, key=len)} and mode: max"
        return LogError(f"{hint}. Columns: {shown}")
    message = f"no column looks like a train or validation loss; name it with --val-metric. Columns: {shown or 'none'}"
    has_parts = counts and any("loss" in words_of(name) for name in names)
    return LogError(message) if has_parts else NotALogError(message)


def _validation(names: Sequence[str], _: str | None) -> tuple[str | None, str]:
    """The validation loss, or what stands in for it."""
    of_val = [name for name in names if words_of(name) & _VALIDATION]
    of_test = [name for name in names if words_of(name) & _TEST and not words_of(name) & _VALIDATION]
    stages: list[tuple[list[str], str]] = [
        ([name for name in of_val if _is_loss(name)], "the plainest name of a validation loss"),
        ([name for name in of_val if _is_error(name)], "a measure of error on the validation data"),
        ([name for name in of_val if words_of(name) <= _VALIDATION], "it is called validation and nothing else"),
        ([name for name in of_test if _is_loss(name)], "there is no validation loss, and a test loss at every epoch"),
        ([name for name in of_test if _is_error(name)], "there is no validation error, but one of the test"),
        ([name for name in of_test if words_of(name) <= _TEST], "it is called test, and there is no validation"),
        ([name for name in names if _is_short_for_validation(name, names)], "v stands for validation before a loss"),
    ]
    for candidates, why in stages:
        if candidates:
            return _only_one("val", candidates, _VALIDATION | _TEST), why
    return None, "no name has a word for validation and one for loss"


def _is_short_for_validation(name: str, names: Sequence[str]) -> bool:
    """Whether a name is ``v_loss`` beside ``loss`` or ``t_loss``, and none that means a value function."""
    if words_of(name) != {"v", "loss"} or any(words_of(each) & _OF_AGENTS for each in names):
        return False
    return any(words_of(each) in ({"loss"}, {"t", "loss"}, {"tr", "loss"}) for each in names)


def _train(names: Sequence[str], val: str | None) -> tuple[str | None, str]:
    """The train loss: the same measure as the validation's where that is no loss, or a part of one."""
    kind = words_of(val or "") - _VALIDATION - _TEST
    same = [name for name in names if words_of(name) & _TRAIN and words_of(name) - _TRAIN == kind]
    same = [name for name in same if _digits(name) == _digits(_OF_DATA_SET.sub(r"\1", val or ""))]
    same += [name for name in names if kind == {"v", "loss"} and words_of(name) == {"t", "loss"}]
    if val is not None and (not _is_loss(val) or (same and kind - _NO_MEANING)):
        twin = same[0] if same else find_counterpart(val, names)
        return twin, f"the same measure as {val!r}" if twin else f"nothing is called as {val!r} is, of training"
    special = [name for name in names if _is_loss(name) and words_of(name) & _TRAIN]
    plain = find_train_loss(names)
    if plain is not None and (not special or plain in special) and not words_of(plain) & _TEST:
        if special:
            plain = _only_one("train", special, _TRAIN)
        return plain, "the plainest name of a train loss"
    if special:
        return _only_one("train", special, _TRAIN), "the plainest name of a train loss"
    whole = [name for name in names if _is_loss(name) and words_of(name) <= _TRAIN | _NO_MEANING | _MAIN]
    whole = whole or [name for name in names if _is_total(name)]
    if whole:
        return _only_one("train", whole, _TRAIN), "the loss as a whole"
    of_steps = _PER_STEP | _TRAIN | {"loss"}
    per_step = [name for name in names if "loss" in words_of(name) and words_of(name) & _TRAIN]
    per_step = per_step or [name for name in names if "loss" in words_of(name) and words_of(name) <= of_steps]
    if per_step:
        return _only_one("train", per_step, _TRAIN | _PER_STEP), "a train loss of single steps: their mean is taken"
    return _train_without_loss(names, val)


def _is_total(name: str) -> bool:
    """Whether a name ends as that of a total loss, in a folder that is of no part of it, as ``data/total_loss``."""
    others = _PARTIAL | _VALIDATION | _TEST
    return words_of(name.rsplit("/", 1)[-1]) == {"total", "loss"} and not words_of(name) & others


def _train_without_loss(names: Sequence[str], val: str | None) -> tuple[str | None, str]:
    """What stands in for a train loss: a measure of error, or what is called train and nothing else."""
    errors = [name for name in names if _is_error(name) and words_of(name) & _TRAIN] if val is None else []
    if errors:
        return _only_one("train", errors, _TRAIN), "there is no loss, but a measure of error on the training data"
    bare = [name for name in names if words_of(name) and words_of(name) <= _TRAIN]
    if not bare:
        return None, "no name has a word for train and loss"
    if any("loss" in words_of(name) and not words_of(name) & (_VALIDATION | _TEST) for name in names):
        return None, f"{bare[0]!r} is something else where losses are called so"
    return bare[0], "it is called train and nothing else"


def _only_loss(names: Sequence[str]) -> str | None:
    """The only loss, however it is called; none where it may be a part of another one."""
    losses = [name for name in names if "loss" in words_of(name)]
    if len(losses) != 1 or words_of(losses[0]) & (_PARTIAL | _STATISTICS):
        return None
    is_named_so = re.search(r"^loss(?![a-z])|loss$", losses[0].rsplit("/", 1)[-1], re.IGNORECASE)
    return losses[0] if is_named_so else None


def _only_one(role: str, candidates: Sequence[str], meaning: frozenset[str]) -> str:
    """The plainest of several names, where there is one that is plainer than the others.

    One of ``val_loss`` and ``val_loss_epoch`` is as good as the other; ``val_loss`` and ``eval_loss`` are two things,
    and so are ``val_loss_mse`` and ``val_loss_max_error``: the shorter of two losses is not the whole of the other.
    """

    def special(name: str) -> frozenset[str]:
        return words_of(name) - meaning - _NO_MEANING - _PER_STEP

    fewest = min(len(special(name)) for name in candidates)
    plainest = [name for name in candidates if len(special(name)) == fewest]
    plainest = [name for name in plainest if not _digits(name)] or plainest  # of loss, loss_1 and loss_2 the whole
    measures = _LOSSES if not _is_loss(plainest[0]) else frozenset[str]()  # of errors, MSE is no word beside it
    plain = special(plainest[0]) - measures
    plainest += [name for name in candidates if name not in plainest and not plain <= special(name)]
    kinds = {(special(name), words_of(name) & meaning, _digits(name)) for name in plainest}
    if len(kinds) > 1:
        listed = ", ".join(map(repr, plainest))
        raise LogError(f"{listed} may each be the {_WORDS[role]}; name one with {OPTIONS[role]}")
    return min(plainest, key=lambda name: ("epoch" not in words_of(name), len(name), name))


def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)


def _is_error(name: str) -> bool:
    """Whether a name is that of a measure that falls; the F1 of a class that is called error is none."""
    return (bool(words_of(name) & _LOSSES) or is_norm(name)) and not set(
        re.findall("[a-z]+[0-9]*", name.lower())
    ) & SCORES


def _is_loss(name: str) -> bool:
    return bool(words_of(name) & {"loss", "crossentropy"}) and not words_of(name) & _PER_STEP


def _rate(names: Sequence[str], _: str | None) -> tuple[str | None, str]:
    rates = [name for name in names if "lr" in words_of(name) or {"learning", "rate"} <= words_of(name)]
    rates = [name for name in rates if not words_of(name) & _NOT_THE_RATE]
    if not rates:
        return None, "no name has the word lr"
    first = min(rates, key=lambda name: len(words_of(name)))
    return first, "a learning rate" if len(rates) == 1 else f"the first of {len(rates)} learning rates"


def _counter(words: frozenset[str], kind: str) -> Callable[[Sequence[str], str | None], tuple[str | None, str]]:
    def find(names: Sequence[str], _: str | None) -> tuple[str | None, str]:
        counts = [name for name in names if words_of(name) & words and words_of(name) <= words | _OF_STEPS]
        counts = [name for name in counts if name.isascii()]  # other words show what else it is
        if not counts:
            return None, f"no name says {kind} alone"
        return min(counts, key=lambda name: len(words_of(name))), f"it counts the {kind}s"

    return find


def _time(names: Sequence[str], _: str | None) -> tuple[str | None, str]:
    by_plain_name = {name.strip().lower().replace(" ", "_").replace("/", "_"): name for name in reversed(names)}
    found = next((by_plain_name[name] for name in _TIMES if name in by_plain_name), None)
    return (found, "a usual name for time") if found else (None, "no name is a usual one for time")


_WORDS = {"train": "train loss", "val": "validation loss"}
_FINDERS: Mapping[str, Callable[[Sequence[str], str | None], tuple[str | None, str]]] = {
    "val": _validation,
    "epoch": _counter(_EPOCH, "epoch"),
    "step": _counter(_STEP, "step"),
    "lr": _rate,
    "train": _train,
    "time": _time,
    "energy": lambda names, _: find_energy(names),
}
"""What finds the column of each role, in an order in which each may rely on those before it."""
