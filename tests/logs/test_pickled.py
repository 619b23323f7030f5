"""Nothing is unpickled but plain data."""

import collections
import datetime
import pickle

import numpy as np
import pytest

from convergence_callbacks.logs import LogError, read_logs
from convergence_callbacks.logs.plain_pickle import plain_pickle_in

LOSSES = [1.0, 0.5, 0.25]


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "history",
    [
        {"loss": LOSSES},
        {"loss": np.array(LOSSES), "n": np.int64(3)},
        {"loss": [np.float32(each) for each in LOSSES]},
        collections.OrderedDict(loss=LOSSES),
        collections.defaultdict(list, loss=LOSSES),
        {"loss": np.array(LOSSES, dtype=object)},
    ],
)
def test_plain_histories_of_any_protocol_are_read(history, protocol, tmp_path):
    path = tmp_path / "history.pkl"
    path.write_bytes(pickle.dumps(history, protocol))
    (run,) = read_logs(path)
    assert [each.train_loss for each in run.observations] == LOSSES


class Harm:
    def __reduce__(self):
        return print, ("harm was done",)


class Huge:
    def __reduce__(self):
        return np.ndarray, ((10**12,),)


@pytest.mark.parametrize(
    "harm", [Harm(), Huge(), datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC), np.random.default_rng]
)
def test_what_names_anything_else_is_refused_before_it_is_called(harm, tmp_path, capsys):
    path = tmp_path / "history.pkl"
    path.write_bytes(pickle.dumps({"loss": LOSSES, "more": harm}))
    with pytest.raises(LogError, match="no pickle of plain data"):
        list(read_logs(path))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "call",
    [b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(S'1'\ntR.", b"cnumpy\nload\n(S'x'\ntR.", b"c__main__\nx\n."],
)
def test_a_program_in_a_pickle_is_refused(call, tmp_path):
    (tmp_path / "history.pkl").write_bytes(call)
    with pytest.raises(LogError, match="which is not loaded"):
        plain_pickle_in(tmp_path / "history.pkl")


def test_arrays_are_read_and_dictionaries_in_them(tmp_path):
    np.save(tmp_path / "train_loss.npy", np.array(LOSSES))
    (run,) = read_logs(tmp_path)
    assert [each.train_loss for each in run.observations] == LOSSES
    np.save(tmp_path / "train_loss.npy", {"loss": LOSSES}, allow_pickle=True)
    (run,) = read_logs(tmp_path)
    assert [each.train_loss for each in run.observations] == LOSSES
    np.save(tmp_path / "train_loss.npy", np.array([Harm()]), allow_pickle=True)
    with pytest.raises(LogError, match="no pickle of plain data"):
        list(read_logs(tmp_path / "train_loss.npy"))
