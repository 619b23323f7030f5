"""What a line of a training loop's output holds: its counters, and its numbers with their names."""

from __future__ import annotations

import datetime
import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from convergence_callbacks.logs.columns import is_norm, words_of
from convergence_callbacks.logs.labels import SPLITS, of_split
from convergence_callbacks.metrics.meaning import meaning

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
"""Codes that steer a terminal: colours, cursor, titles (ECMA-48)."""

OVERWRITTEN = re.compile(r"\r+|\x08+")
"""What takes the cursor back, so that what was printed before is overwritten."""

STAMP = re.compile(
    r"^\W{0,3}(?P<when>\d{4}[-/.]\d{2}[-/.]\d{2}[T _]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?|\d{2}:\d{2}:\d{2}(?:[.,]\d+)?)\W*"
)
"""A time in front of a line."""

NUMBER = re.compile(
    r"(?<![\w.@])(?<!\d[:/-])(?<!\w[-])(?<!\d,)[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|\d+(?!,\d)(?:\.\d*)?(?:[eE][+-]?\d+)?"
    r"|\.\d+(?:[eE][+-]?\d+)?|nan|inf)(?![\w@])(?!\.\d)(?![:-]\d)",
    re.IGNORECASE,
)
"""A number that stands by itself: no part of a name, a date or a version; ``60,700`` is one, ``0,5`` may be two."""

WRITTEN = re.compile(r"[+-]?\d[\d.]*(?:[eE][+-]?\d+)?")
"""Digits, whatever they are part of."""

OF = re.compile(r"\s*(?:/|\bof\b)\s*([1-9]\d{0,2}(?:,\d{3})+|\d+(?!\d|\s\d\d:\d\d:\d\d))")
"""What stands behind a counter: of how many; ``12/25 15:47:38`` is a date."""

UNIT = re.compile(r"\s?(?:%|(?:ms|us|s|sec|secs|seconds|m|min|mins|h|it/s|s/it|GB|MB|G|K|M)\b)")
"""What makes another number of one: a share, a time, a size."""

ATTACHED = re.compile(r"(\w)\((train|val|test|eval)\)", re.IGNORECASE)
"""The part of the data as OpenMMLab writes it: ``Epoch(train)``."""

BETWEEN = (*",;|{}<>()[]\t:—–", " - ")
"""What may stand between a name and what is before it."""

PROGRESS = re.compile(
    r"(?:^|[\s|\]:])(?P<at>\d+)/(?P<all>\d+)\s*(?:\[(?=[\s=>#.━─]|\d+:\d|\?)|\x1b|[━─=#>][━─=#>.]+)"
    r"|(?<![.\d])(?P<percent>\d+)%\|"
)
"""A bar, or the time behind one: of how many batches, or how much per cent; ``3/50 [38.7s]`` is none."""

FULL_OF_EPOCH = re.compile(r"\s*(?:Epoch \d+|.{0,40}?(?<![\w.])\d+/\d+)(?=:? *100%\|)")
"""The beginning of a full bar that names its epoch, as Lightning's: the one of the next epoch may overwrite it."""

BEHIND_LOSS = re.compile(
    r"\b(?P<loss>(?:[a-z]+ ){0,2}(?:loss|cost|error))(?: \([^()]*\))? (?:of|at|after|for|in|on) (?:the )?"
    r"(?P<counter>epoch|iter|step)\w* (?:\d+-(?=\d))?(?P<count>\d+)(?: is| was)?(?P<sign>[\s:=]+)(?=[-+.\d])",
    re.IGNORECASE,
)
"""A counter between the name of a loss and its number: ``Cost after iteration 100: 0.69``."""

SHORT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bglobal_step/max_steps\b"), "global_step"),  # ms-swift
    (re.compile(r"^s:(\d+) tel:"), r"step \1 val_loss "),  # llm.c: llmc/logger.h
    (re.compile(r"^s:(\d+) trl:"), r"step \1 train_loss "),
    (re.compile(r"^s:(\d+) eval:"), r"step \1 eval_accuracy "),
    (re.compile(r"^(\d+) (train|val) (?=\d+\.\d+\s*$)"), r"step \1 \2_loss "),  # build-nanogpt: train_gpt2.py
    (re.compile(r"\bScore at iteration (\d+) is "), r"step \1 loss "),  # Deeplearning4j: ScoreIterationListener
    (
        re.compile(r"^\s*(\d+): (-?[\d.]+), -?[\d.]+ avg(?: loss)?, ([\d.]+) rate,"),
        r"step \1 loss \2 lr \3,",
    ),  # darknet
    (
        re.compile(r"\b\d+m \d+s \((?:- \d+m \d+s\) \()?(\d+) \d+%\)(?= *[\d.]+\s*$)"),
        r"step \1 train loss",
    ),  # PyTorch's
    (re.compile(r"\b\d+m \d+s \((?:- \d+m \d+s\) \()?(\d+) \d+%\)"), r"step \1"),  # tutorial of seq2seq
    (re.compile(r"\bl_(?=(?:pix|percep|style|fea|g|d)\w*: )"), "loss_"),  # BasicSR: basicsr/models
    (re.compile(r"^\[(\d+), +(\d+)\](?= loss: )"), r"epoch \1 batch \2"),  # PyTorch's tutorial of CIFAR-10
    (re.compile(r"(?<=\d)(?:st|nd|rd|th)\b"), ""),
    (re.compile(r"(?<![\w.-])(\d+)[- ]epoch\b(?!\W{0,3}\d+(?![/\d]))", re.IGNORECASE), r", epoch \1 "),
)
"""What some write in short, or the other way round, and how it is read."""

IS_SHORT = re.compile(
    r"^s:\d|/max_steps|^\d+ (?:train|val) |Score at|\dm \d+s \("
    r"|^\[\d+, +\d+\] loss|\bl_[a-z]|\d[- ]epoch| avg(?: loss)?, |\d(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
"""Lines in which there may be something of that."""

TWO_COUNTERS = re.compile(r"\[\s*(\d+)/(\d+)\]\W{0,3}\[\s*\d+/\d+\]")
"""The epoch and the batch, each of how many, without their names: ``[3/25][100/1583]``."""

LEADING = re.compile(r"^(?!(?:train|val|eval|dev|test)\w*\[)\w*\[\s*(\d+)/(\d+)\](?=[\s\[])", re.IGNORECASE)
"""A counter in front of a line, without its name, or behind that of a model: ``[3/50]``, ``ResNet[3/50]``."""

ROUND = re.compile(
    r"^(?:\[(\d+)\]\s+(?![Ee]poch)(?=[A-Za-z][\w' .@-]*[:=]\s*[-+.\d])|(\d+):\s+(?=(?:learn|test): [-+.\d]))"
)
"""The round of boosting: ``[12]\ttrain-rmse:0.5`` of XGBoost and LightGBM, ``12:\tlearn: 0.5`` of CatBoost."""

IS_STEP = re.compile(r"(?:global[ _])?(?:step|iter|batch)", re.IGNORECASE)
"""What makes the number in brackets before it that of an epoch."""

SHARE = re.compile(r"^\s*(\d+)/(\d+) - [\d.]+%\s*$")
"""A counter and its share, without a name: ``3/50 - 6.00%``."""

OF_BAR = re.compile(r"(?<![\w.])(\d+)/(\d+):? *(?=\d+%\|)")
"""A counter that a bar is described by, without its name: ``[fold_0] 001/200: 100%|████|``."""

BAR_OF_EPOCHS = re.compile(r"(?<![\w.])\d+/\d+ \[[^\]]*(?:s/epoch|epochs?/s)")
"""A bar that counts epochs, ``1/10 [00:26<04:01, 26.86s/epoch, loss=4.82]``: beside one of batches it is refused."""

RUNNING_MEAN = re.compile(r"\s?\(([-+.\deE]+|nan|inf)\)")
"""What stands behind the loss of a batch: the mean of all so far, as PyTorch's ImageNet example prints it."""

BECOMES = re.compile(r"\s*[=-]+>\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![\w.])")
"""What stands behind the best loss so far where it is followed by the one that is better: ``0.52 ===> 0.48``."""

OF_EVALUATION = re.compile(r"^\s*\*\s+(?:Acc|Prec)@|.*\bSaving dict for global step ")
"""What PyTorch's ImageNet example, DeiT, TensorFlow's Estimator and others print of a validation, without naming it."""

NOT_SAID_OF_WHAT = re.compile(r"^\s*Averaged stats|.*\bRegion \d+ Avg\b")
"""What DETR and its kin print after an epoch of training and after a validation alike, and darknet of each layer."""

COMMENT = re.compile(r"^\s*(?:#(?!\W*epoch)|wandb: )", re.IGNORECASE)
"""A comment of a configuration that was printed, whose epochs are no counter (``# reduced at 28 epoch``), and what the
client of Weights & Biases prints, as the last value of each metric."""

SUMMARY = "train_runtime"
"""What Hugging Face's record of the whole training has; its ``train_loss`` is none of a step."""

OF_EXAMPLE = re.compile(r"\w\.(?:jpe?g|png|bmp|tiff?|wav|flac|mp[34]|npy)\b", re.IGNORECASE)
"""The name of a file with one example: what a line holds about it alone is no step of a training."""

EARLY_STOP = re.compile(r"epoch \d+: early stopping\s*$", re.IGNORECASE)
"""What Keras prints at an early stop; before 2.3 in front of the losses of that epoch, which it counted from 0."""

OF_A_SAVED_ONE = re.compile(r"\W*sav(?:ed|ing)\b.*\b(?:model|checkpoint|weights)\b.*\bloss\b", re.IGNORECASE)
"""What a line about a saved model begins with; it was saved mostly because it was better than those before."""

OF_THE_BEST = re.compile(r"\W*(?:(?:new|the|saved|current) )?(?:best|lowest)\b", re.IGNORECASE)
"""What a line without a counter begins with that is about the best epoch so far, not the last one."""

PARTS_HEADER = re.compile(r"(?:^|\r) *Epoch +gpu_mem +(?P<names>\S[^\r]*)", re.IGNORECASE)
PARTS_ROW = re.compile(
    r"^ *(?P<at>\d+)/(?P<all>\d+) +[\d.]+[GM] +(?P<numbers>[-\d.a-z]+(?: +[-\d.a-z]+)*):? +\d+%", re.IGNORECASE
)
"""YOLO's table: names of the loss's parts, and their means up to the batch that the bar shows (YOLOv5's train.py, and
``progress_string`` of Ultralytics' trainers)."""

NO_PARTS = frozenset({"labels", "instances", "img_size", "size", "targets"})
"""Columns of that table that are no part of the loss."""

LOSSES = frozenset(
    {"loss", "nll", "ppl", "perplexity", "bpb", "bpc", "crossentropy", "error", "mse", "mae", "rmse", "logloss"}
)
EPOCHS = frozenset({"epoch", "ep"})
PLANNED = frozenset({"epochs"})
"""A word that is a counter where a total follows its number, and a setting elsewhere: ``epochs: 200``."""

STARTING = "starting epoch"
"""What stands before a counter where a total follows its number, and before a setting elsewhere."""

STEPS = frozenset({"step", "steps", "iter", "iters", "iteration", "iterations", "it", "update", "updates", "batch"})
BESIDE = SPLITS | {"global", "current", "num", "at", "id", "idx", "index", "no", "number"}
"""Words beside that of a counter which leave it one."""

SETTINGS = ("num", "number")
"""With one of these in front it gives how many epochs there are to be: ``num_epoch: 200``."""

LABELLED = re.compile(r"\s*(?P<label>(?=\w*[A-Z]\w*[A-Z]|[\w.-]*[\d_.-])[A-Za-z][\w.-]*) [Ee][Pp][Oo][Cc][Hh]\b")
"""The name of a training in front of the word for its counter, ``LSTM_small Epoch 3: Loss = 1.2``: no word of prose."""

NO_LABELS = SPLITS | {"best", "last", "first", "final", "end", "start", "new", "save", "saved", "done"}
"""Words in capitals that name no training there."""

CACHED = 4096
"""Texts between numbers that are remembered: a log has few, again and again."""

LONGEST = 4_000
"""Characters of a line, at most; of one that was overwritten, of each state of it."""

LONGEST_OVERWRITTEN = 200_000
"""Characters at the end of a line that was overwritten, at most: the bars of a whole validation may be in it."""

LEVEL = re.compile(r"^\W{0,3}(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)\b\W*")
"""How urgent a line is, in front of it."""

NUMBERS_BEFORE = re.compile(r"^[\d.:]+\s+")
"""What is left of a time in front of a name."""

NO_QUOTES = str.maketrans("", "", "'\"`*")
"""Marks that stand around names and numbers, and mean nothing."""

LINKS = frozenset({"is", "was", "of"})
"""Words between a name and its number."""

MOST_WORDS = 5
"""Words of a name, at most: longer ones are prose."""


class Kind(NamedTuple):
    """What lines may have in common: the names in them, and whether they count batches, or nothing."""

    names: tuple[str, ...]
    is_of_batch: bool
    is_alone: bool


class Record(NamedTuple):
    """What a line holds.

    Args:
        line: Its number.
        values: Numbers by their names, in lower case.
        epoch: The epoch that it names.
        step: The step that it names.
        time: Seconds since 1970, or since midnight, of the time in front of it; NaN where there is none.
        epochs: How many epochs there are to be.
        steps: How many steps there are to be.
        kind: Its names; whether it counts batches within an epoch, or nothing itself: it is of what was counted last.
        is_part: Whether it is of a part of a validation: its losses are means so far, or of that part.
        has_means: Whether its losses are means of all batches so far.
        bar: How many batches its full bar is of, 0 where it has none, or names the part of the data.
        pattern: The line, with ``#`` for each number; empty where it names no loss.
        text: The line.
        label: The name of the training in front of its counter; empty where there is none.
    """

    line: int
    values: Mapping[str, float]
    epoch: float | None
    step: float | None
    time: float
    epochs: int | None
    steps: int | None
    kind: Kind
    is_part: bool
    has_means: bool
    bar: int
    pattern: str
    text: str
    label: str = ""

    @property
    def example(self) -> str:
        """The line as it is shown."""
        return self.text.strip()[:160]


def record_of(number: int, line: str) -> Record | None:
    """What a line holds; None where that is nothing.

    >>> record_of(1, "Epoch [3/50] train loss: 0.32 val loss: 0.41").values
    {'train loss': 0.32, 'val loss': 0.41}
    >>> record_of(1, "{'loss': 1.25, 'learning_rate': 4e-06, 'epoch': 0.5}").epoch
    0.5
    """
    stamp = STAMP.match(line)
    time = time_of(stamp) if stamp else math.nan
    text = LEVEL.sub("", line[stamp.end() :] if stamp else line).replace("'s ", " ").translate(NO_QUOTES)
    if NOT_SAID_OF_WHAT.match(text) or "Namespace(" in text or SUMMARY in text or COMMENT.match(text):
        return None
    if OF_A_SAVED_ONE.match(text) or EARLY_STOP.match(text):
        return None
    text, counts = _unnamed_counters(_spelled_out(ATTACHED.sub(r"\1 \2 ", text)))
    label = "" if counts else _label(text)
    counts, values, means, left, is_of_batch, has_batches = _numbers_in(text, counts, label)
    if not counts and (not values or OF_EXAMPLE.search(text) or OF_THE_BEST.match(text)):
        return None
    if label and not names_loss(values) and counts.get("epoch", (0, None))[1] is None:
        return None
    _name_bare_validation(values)
    split = "val" if OF_EVALUATION.match(line) else _split(" ".join(left))
    is_part = has_batches and split not in {"", "train"}
    if split:
        values |= means if is_part else {}
        own = [name for name in values if words_of(name) & SPLITS]
        if own and OF_EVALUATION.match(line):  # what it calls by its part is that part's, the rest is there twice
            values = {name: values[name] for name in own}
        values = {name if name in own else of_split(split, name): value for name, value in values.items()}
    epoch, step = counts.get("epoch", (None, None)), counts.get("step", (None, None))
    is_of_batch = is_of_batch or step[0] is not None
    bar = PROGRESS.search(text) if values else None
    batches = 0 if bar is None or split or epoch[0] is not None else _length(text, bar)
    like = Kind(tuple(values), is_of_batch, epoch[0] is None and not is_of_batch)
    counters = (epoch[0], step[0], time, epoch[1], step[1], like, is_part, bool(means), batches)
    return Record(number, values, *counters, _pattern(text) if names_loss(values) else "", line, label)


class Found(NamedTuple):
    """What stands in a line: its counters, numbers by their names, and what is left of its words."""

    counts: dict[str, tuple[float, int | None]]
    values: dict[str, float]
    means: dict[str, float]
    left: list[str]
    is_of_batch: bool
    has_batches: bool


def _numbers_in(text: str, counts: dict[str, tuple[float, int | None]], label: str) -> Found:
    """The numbers of a line.

    Args:
        text: The line.
        counts: Counters that were found already.
        label: The name of a training in front of the counter.
    """
    values: dict[str, float] = {}
    means: dict[str, float] = {}
    left, at, is_of_batch, has_batches = list[str](), 0, bool(counts), "epoch" in counts
    for match in NUMBER.finditer(text):
        if match.start() < at:
            continue
        before, name = _name_before(text[at : match.start()])
        left.append(before)
        total = OF.match(text, match.end())
        at = total.end() if total else match.end()
        kind = "epoch" if label and not counts else _counter(name)
        if kind is not None and kind not in counts and not UNIT.match(text, match.end()):
            counts[kind] = (_number(match[0]), _whole(total[1]) if total else None)
            has_batches = has_batches or (total is not None and "batch" in words_of(name))
            left.append(name if not label else "")
        elif total and name == STARTING and "epoch" not in counts:
            counts["epoch"] = (_number(match[0]), _whole(total[1]))
        elif words_of(name) & PLANNED:
            if total and "epoch" not in counts:
                counts["epoch"] = (_number(match[0]), _whole(total[1]))
        elif total:
            is_of_batch = has_batches = True
            left.append(name)
        elif name and kind is None and not _is_setting(name) and not UNIT.match(text, match.end()):
            if name in values:  # once for each part of the data, as in ``train: loss 0.3, val: loss 0.4``
                part = _split(before)
                name = of_split(part, name) if part else name
            if name in values:
                continue
            values[name] = _number(match[0])
            if later := BECOMES.match(text, match.end()):
                values[name], at = _number(later[1]), later.end()
            if mean := RUNNING_MEAN.match(text, match.end()):
                means[name], at = float(mean[1]), mean.end()
    return Found(counts, values, means, left, is_of_batch, has_batches)


@functools.lru_cache(maxsize=CACHED)
def _is_setting(name: str) -> bool:
    """Whether a name is that of how many epochs there are to be."""
    return name.startswith(SETTINGS) and words_of(name) & EPOCHS != frozenset() and words_of(name) <= EPOCHS | BESIDE


def _label(text: str) -> str:
    """The name of a training in front of the word for its epochs, at the beginning of a line; empty where none is."""
    found = LABELLED.match(text)
    return found["label"] if found and found["label"].lower() not in NO_LABELS else ""


def _name_bare_validation(values: dict[str, float]) -> None:
    """Call what is named ``val`` alone beside a loss the validation loss, where no score is named that it may be."""
    bare = [name for name in values if name in {"val", "valid", "validation"}]
    if len(bare) != 1 or not names_loss(values):
        return
    others = [name for name in values if name != bare[0]]
    is_named = any(words_of(name) & LOSSES and words_of(name) & SPLITS - {"train", "training"} for name in others)
    if not is_named and not any(meaning(name).direction == "max" for name in others):
        values[f"{bare[0]} loss"] = values.pop(bare[0])


def _number(written: str) -> float:
    """A number, with commas where thousands end, or without."""
    return float(written.replace(",", ""))


def _whole(written: str) -> int:
    return int(written.replace(",", ""))


def _spelled_out(text: str) -> str:
    """A line in which nothing is written in short."""
    if IS_SHORT.search(text):
        for short, long in SHORT:
            text = short.sub(long, text)
    return BEHIND_LOSS.sub(_counter_first, text)


def _counter_first(found: re.Match[str]) -> str:
    """A loss with its counter in front: ``iteration 100, loss: 0.69`` of ``Cost after iteration 100: 0.69``."""
    name = re.sub(r"\bcost$", "loss", found["loss"], flags=re.IGNORECASE)
    return f"{found['counter']} {found['count']}, {name}{found['sign']}"


def _unnamed_counters(text: str) -> tuple[str, dict[str, tuple[float, int | None]]]:
    """A line without the counters that it does not name, and these."""
    if found := ROUND.match(text):
        rest = text[found.end() :]
        return rest, {"epoch" if IS_STEP.match(rest) else "step": (float(found[1] or found[2]), None)}
    found = TWO_COUNTERS.search(text) or LEADING.match(text) or SHARE.match(text) or OF_BAR.search(text)
    if found is None or re.search(r"\bep(?:och)?s?\b", text, re.IGNORECASE):
        return text, {}
    kind = "step" if found.re in (LEADING, SHARE) else "epoch"
    return f"{text[: found.start()]} {text[found.end() :]}", {kind: (float(found[1]), int(found[2]))}


def parts_row(number: int, line: str, names: Sequence[str]) -> Record | None:
    """A row of YOLO's table as it was last overwritten, with the sum of the loss's parts."""
    last = [part for part in OVERWRITTEN.split(ESCAPES.sub("", line)) if PARTS_ROW.match(part)]
    row = PARTS_ROW.match(last[-1]) if last else None
    numbers = row["numbers"].split() if row else []
    if row is None or len(numbers) < len(names) - 1:
        return None
    losses = {name: number for name, number in zip(names, numbers, strict=False) if name not in NO_PARTS}
    read = {name: float(value) for name, value in losses.items() if NUMBER.fullmatch(value)}
    if not read or len(read) < len(losses):
        return None
    loss = read.get("total", sum(read.values()))
    kind = Kind(("train loss",), is_of_batch=False, is_alone=False)
    counters = (float(row["at"]), None, math.nan, int(row["all"]), None, kind, False, False, 0)
    return Record(number, {"train loss": loss}, *counters, _pattern(row[0]), row[0])


def visible(line: str) -> Iterator[str]:
    """What is seen of a line on a terminal in the end, and what was printed between two states of a bar."""
    if "\r" not in line and "\x1b" not in line and "\x08" not in line and "/" not in line and "%" not in line:
        yield line  # as most lines: nothing is overwritten, and there is no bar
        return
    plain = ESCAPES.sub("", line)
    parts = [part[:LONGEST] for part in OVERWRITTEN.split(plain) if part.strip()]
    patterns = list(map(_pattern, parts)) if len(parts) > 1 else []
    last = {pattern: index for index, pattern in enumerate(patterns)}
    ends = {epoch[0]: index for index, part in enumerate(parts) if (epoch := FULL_OF_EPOCH.match(part)) is not None}
    for index, part in enumerate(parts):
        bar = PROGRESS.search(part)
        if index in ends.values():  # how an epoch ended, before the same bar went on with the next one
            yield part
            continue
        if patterns and last[patterns[index]] != index:  # the same line again, with other numbers
            continue
        if bar is None or BAR_OF_EPOCHS.search(part) or (index == len(parts) - 1 and _is_full(bar)):
            yield part
        elif (tail := part.rfind("{")) > bar.start():  # a record behind a bar that did not end its line
            yield part[tail:]


def _length(text: str, bar: re.Match[str]) -> int:
    """How many batches a bar is of."""
    if bar["all"]:
        return int(bar["all"])
    total = re.search(r"\b\d+/(\d+)\b", text[bar.end() :])
    return int(total[1]) if total else 0


def _pattern(text: str) -> str:
    """A line with ``#`` for each number."""
    return " ".join(WRITTEN.sub("#", text).split())[:200]


def _is_full(bar: re.Match[str]) -> bool:
    return bar["percent"] == "100" if bar["percent"] else bar["at"] == bar["all"]


@functools.lru_cache(maxsize=CACHED)
def _name_before(text: str) -> tuple[str, str]:
    """What stands before a number: the name next to it in lower case, and what is left before that."""
    stripped = text.rstrip(" \t[(=:#~≈>-")
    cut = max((stripped.rfind(sign) + len(sign) for sign in BETWEEN if sign in stripped), default=0)
    name = NUMBERS_BEFORE.sub("", stripped[cut:]).strip(" -*_:.=>").lower()
    words = name.split()
    if len(words) > 1 and words[-1] in LINKS:
        words, name = words[:-1], name.rsplit(None, 1)[0]
    if not words or len(words) > MOST_WORDS or not re.match("[a-z]", name):
        return stripped, ""
    return stripped[:cut], re.sub(r"\s+", " ", name)


@functools.lru_cache(maxsize=CACHED)
def _counter(name: str) -> str | None:
    """Whether a name counts epochs or steps."""
    words = words_of(name)
    if not name.isascii():  # words of another language say what else it is, as the time of an epoch
        return None
    if words & EPOCHS and words <= EPOCHS | BESIDE and not name.startswith(SETTINGS):
        return "epoch"
    return "step" if words & STEPS and words <= STEPS | BESIDE else None


@functools.lru_cache(maxsize=CACHED)
def _split(text: str) -> str:
    """The part of the data that a line is of, where its words outside of the names name one."""
    found = {word.lower() for word in re.findall(r"(?<![\w/.-])[A-Za-z]+(?![\w/.-])", text)} & SPLITS
    found = {"val" if word not in {"train", "training", "test"} else word.removesuffix("ing") for word in found}
    return found.pop() if len(found) == 1 else ""


def names_loss(values: Iterable[str]) -> bool:
    """Whether one of some names is that of a loss."""
    return any(words_of(name) & LOSSES or is_norm(name) for name in values)


def time_of(stamp: re.Match[str]) -> float:
    """Seconds of the time in front of a line: since 1970, or since midnight."""
    when = stamp["when"]
    if when[2] == ":":
        hours, minutes, seconds = when.replace(",", ".").split(":")
        return 3600.0 * int(hours) + 60 * int(minutes) + float(seconds)
    plain = re.sub(r"(\d)[/.](\d\d)[/.](\d\d)(?=[T _])", r"\1-\2-\3", when.replace(",", ".")).replace("_", " ")
    try:
        return datetime.datetime.fromisoformat(plain).replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return math.nan
