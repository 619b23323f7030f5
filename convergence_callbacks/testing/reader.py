"""What every log reader promises."""

from __future__ import annotations

import math
import pickle
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convergence_callbacks.logs import Claim, ColumnChoice, LogError, Reader, Run, read_log
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.read import HEAD, Claimed, known_readers
from convergence_callbacks.testing.promises import check_promise

JUNK = (b"", b"\n", b"\0\1\2\3" * 99, b"{", b"[", b'{"a": 1}', b"a,b\n1,2\n", b"The loss was fine.\n", b"\xff\xfe\0")
"""What else may be in a folder."""

NAMES = ("a", "a.csv", "a.json", "a.jsonl", "a.log", "a.txt", "a.ipynb", "a.wandb", "meta.yaml", "log", "nohup.out")
"""What it may be called."""

CUTS = 25
"""Places at which a log is cut, from its first byte to its last."""

PRECISION = 1e-5
"""Share by which a loss that was read may differ: some formats hold 32 bits."""


@dataclass(frozen=True)
class WrittenLog:
    """A log whose losses are known.

    Args:
        write: Writes it into a folder, and gives the path of its file.
        train_loss: The train loss of each epoch.
        val_loss: The validation loss of each epoch.
    """

    write: Callable[[Path], Path]
    train_loss: Sequence[float]
    val_loss: Sequence[float]


def it_claims_its_own_format(reader: Reader, log: WrittenLog, folder: Path) -> None:
    """It recognises the log by name and first bytes, and says by what."""
    path = log.write(folder)
    claim = reader.recognise(path, _head(path))
    assert isinstance(claim, Claim), f"recognise gave {claim!r} for {path.name}"
    assert claim.reason, "the claim has no reason"


def it_gives_the_training_that_was_logged(reader: Reader, log: WrittenLog, folder: Path) -> None:
    """The losses of each epoch, in order, counted from 0."""
    run = _runs(reader, log.write(folder))[0]
    assert [each.step for each in run.observations] == list(range(len(log.val_loss))), "the steps are others"
    _assert_close([each.val_loss for each in run.observations], log.val_loss, "val_loss")
    _assert_close([each.train_loss for each in run.observations], log.train_loss, "train_loss")


def a_run_is_plain_and_explains_itself(reader: Reader, log: WrittenLog, folder: Path) -> None:
    """A run can be sent to another process, and says how it was read."""
    path = log.write(folder)
    run, *_ = read_log(reader.log_of(path), Claimed([(_claim(reader, path), reader)]))
    assert pickle.loads(pickle.dumps(run)) == run, "the run is another one once pickled"
    assert run.format == reader.name, f"the format of the run is {run.format!r}, not {reader.name!r}"
    explanation = next(run.explained())
    assert explanation.startswith(f"read as {run.format}: "), f"it explains itself by {explanation!r}"


def no_other_reader_is_surer_of_it(reader: Reader, log: WrittenLog, folder: Path) -> None:
    """Of all readers that claim the log and find a training in it, this one is the surest."""
    path = log.write(folder)
    own = _claim(reader, path)
    for other in known_readers():
        claim = other.recognise(path, _head(path))
        if claim is not None and claim.confidence > own.confidence:
            try:
                assert not _runs(other, path), f"{other.name} is surer: {claim.confidence} against {own.confidence}"
            except NotALogError:
                continue


def a_log_that_is_cut_gives_no_loss_that_was_not_logged(reader: Reader, log: WrittenLog, folder: Path) -> None:
    """Wherever a writer was killed, what is read was logged whole, or an error says what is wrong."""
    path = log.write(folder)
    content, whole = path.read_bytes(), _val_losses(_runs(reader, path))
    for length in np.linspace(0, len(content), CUTS, dtype=int):
        path.write_bytes(content[:length])
        invented = _val_losses(_runs_or_none(reader, path)) - whole
        assert not invented, f"cut after {length} of {len(content)} bytes, it reads {sorted(invented)}"


def damage_raises_no_other_error(reader: Reader, log: WrittenLog, folder: Path) -> None:
    """Bytes that were changed give fewer runs or a `LogError`, and no other error."""
    path, rng = log.write(folder), np.random.default_rng(0)
    content = path.read_bytes()
    for _ in range(CUTS):
        at, length = int(rng.integers(len(content))), int(rng.integers(1, 200))
        path.write_bytes(content[:at] + rng.bytes(length) + content[at + length :])
        _runs_or_none(reader, path)


def junk_is_passed_over_or_refused(reader: Reader, log: WrittenLog, folder: Path) -> None:
    """A file of no known format is not claimed, or gives runs or a `LogError` in words."""
    for name in NAMES:
        for content in JUNK:
            path = folder / name
            path.write_bytes(content)
            _runs_or_none(reader, path)
            path.unlink()


READER_CHECKS: tuple[Callable[[Reader, WrittenLog, Path], None], ...] = (
    it_claims_its_own_format,
    it_gives_the_training_that_was_logged,
    a_run_is_plain_and_explains_itself,
    no_other_reader_is_surer_of_it,
    a_log_that_is_cut_gives_no_loss_that_was_not_logged,
    damage_raises_no_other_error,
    junk_is_passed_over_or_refused,
)
"""The promises, each a function of a reader, a log and an empty folder that raises where it is broken."""


def check_reader(
    reader: Reader, write: Callable[[Path], Path], *, train_loss: Sequence[float], val_loss: Sequence[float]
) -> None:
    """Check that a log reader keeps what every reader promises.

    Args:
        reader: The reader.
        write: Writes a log of its format into a folder, and gives the path of its file.
        train_loss: The train loss that the log gives for each epoch.
        val_loss: The validation loss that the log gives for each epoch.

    Raises:
        AssertionError: Names the promise that it breaks, and where.
    """
    log = WrittenLog(write, train_loss, val_loss)
    for check in READER_CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            check_promise(check, f"the reader of {reader.name}", reader, log, Path(folder))


def _head(path: Path) -> bytes:
    return path.read_bytes()[:HEAD]


def _claim(reader: Reader, path: Path) -> Claim:
    claim = reader.recognise(path, _head(path))
    assert claim is not None, f"it does not recognise {path.name}"
    return claim


def _runs(reader: Reader, path: Path) -> list[Run]:
    return list(reader.read(reader.log_of(path), ColumnChoice()))


def _runs_or_none(reader: Reader, path: Path) -> list[Run]:
    """The runs of a file that may be damaged; none where the reader does not claim it, or says what is wrong."""
    if reader.recognise(path, _head(path)) is None:
        return []
    try:
        runs = _runs(reader, path)
    except LogError as error:
        assert str(error), "an error without words"
        return []
    assert all(isinstance(run, Run) for run in runs), f"it gives {runs!r}, not runs"
    return runs


def _val_losses(runs: Sequence[Run]) -> set[float]:
    """Each validation loss that can be judged: train losses may be means over the epochs of an evaluation."""
    losses = {observation.val_loss for run in runs for observation in run.observations}
    return {loss for loss in losses if loss is not None and math.isfinite(loss)}


def _assert_close(read: Sequence[float | None], logged: Sequence[float], name: str) -> None:
    assert len(read) == len(logged), f"it gives {len(read)} epochs, {len(logged)} were logged"
    for epoch, (got, expected) in enumerate(zip(read, logged, strict=True)):
        is_close = got is not None and math.isclose(got, expected, rel_tol=PRECISION)
        assert is_close, f"{name} is {got} at epoch {epoch}, not {expected}"
