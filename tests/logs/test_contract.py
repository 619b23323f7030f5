"""Every reader that ships is put through what every reader promises, with a log of each of its formats."""

import pytest

from convergence_callbacks.logs import Claim, read_logs
from convergence_callbacks.logs.read import known_readers
from convergence_callbacks.testing import READER_CHECKS, WrittenLog
from convergence_callbacks.testing.reader import junk_is_passed_over_or_refused
from tests.logs.make import FORMATS, TRAIN, VAL

LOGS = {name: WrittenLog(write, TRAIN, VAL) for name, write in FORMATS.items()}


def reader_of(name):
    return next(each for each in known_readers() if each.name == name.split(" of ")[0].split(" with ")[0])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("check", READER_CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_promise(check, name, tmp_path):
    check(reader_of(name), LOGS[name], tmp_path)


@pytest.mark.parametrize("reader", known_readers(), ids=lambda reader: reader.name)
def test_so_does_one_for_which_no_log_is_written_here(reader, tmp_path):
    junk_is_passed_over_or_refused(reader, LOGS["CSV"], tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_says_by_which_reader_and_from_which_columns_it_was_read(name, tmp_path):
    run, *_ = read_logs(FORMATS[name](tmp_path))
    assert run.format == reader_of(name).name
    assert any(line.startswith(("train: ", "val: ")) for line in run.explained())


@pytest.mark.parametrize("confidence", [0, -1, 1.5, float("nan")])
def test_a_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        Claim(confidence, "x")
