"""What every reader keeps to, those that ship and those of others: `convergence_callbacks.testing` may ask the same."""

import pickle

import pytest

from convergence_callbacks.logs import Claim, ColumnChoice, LogError, Run, read_logs
from convergence_callbacks.logs.read import known_readers
from tests.logs.make import FORMATS, TRAIN, VAL

JUNK = [b"", b"\n", b"\0\1\2\3" * 99, b"{", b"[", b'{"a": 1}', b"a,b\n1,2\n", b"The loss was fine.\n", b"\xff\xfe\0"]
NAMES = ["a", "a.csv", "a.json", "a.jsonl", "a.log", "a.txt", "a.ipynb", "a.wandb", "meta.yaml", "log", "nohup.out"]


def reader_of(name):
    return next(each for each in known_readers() if each.name == name.split(" of ")[0].split(" with ")[0])


@pytest.mark.parametrize("name", FORMATS)
def test_a_reader_claims_its_own_format_and_gives_the_training(name, tmp_path):
    reader, path = reader_of(name), FORMATS[name](tmp_path)
    claim = reader.recognise(path, path.read_bytes()[:65_536])
    assert isinstance(claim, Claim) and claim.reason and 0 < claim.confidence <= 1
    run, *_ = reader.read(reader.log_of(path), ColumnChoice())
    assert [each.val_loss for each in run.observations] == pytest.approx(VAL, rel=1e-5)
    assert [each.train_loss for each in run.observations] == pytest.approx(TRAIN, rel=1e-5)


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_is_plain_and_explains_itself(name, tmp_path):
    run, *_ = read_logs(FORMATS[name](tmp_path))
    assert pickle.loads(pickle.dumps(run)) == run
    told = list(run.explained())
    assert told[0].startswith(f"read as {run.format}: ")
    assert any(line.startswith(("train: ", "val: ")) for line in told)


@pytest.mark.parametrize("name", FORMATS)
def test_the_surest_reader_of_a_format_is_its_own(name, tmp_path):
    run, *_ = read_logs(FORMATS[name](tmp_path))
    assert run.format == reader_of(name).name


@pytest.mark.parametrize("reader", known_readers(), ids=lambda reader: reader.name)
@pytest.mark.parametrize("content", JUNK)
def test_a_reader_passes_over_junk_or_says_what_is_wrong(reader, content, tmp_path):
    for name in NAMES:
        path = tmp_path / name
        path.write_bytes(content)
        if reader.recognise(path, content) is not None:
            try:
                assert all(isinstance(run, Run) for run in reader.read(reader.log_of(path), ColumnChoice()))
            except LogError as error:
                assert str(error)
        path.unlink()


@pytest.mark.parametrize("confidence", [0, -1, 1.5, float("nan")])
def test_a_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        Claim(confidence, "x")
