"""Logs as programs that were killed, resumed or edited leave them."""

import dataclasses
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convergence_callbacks.logs import ColumnChoice, LogError, Run, read_logs
from tests.logs.make import FORMATS, TRAIN, VAL, assumed_in, keras_csv

HEADER = "epoch,train_loss,val_loss\n"


@pytest.fixture
def read(tmp_path):
    """The one run of a CSV file with this text."""

    def read_text(text, choice=None, encoding="utf-8"):
        (tmp_path / "log.csv").write_bytes(text.encode(encoding))
        (run,) = read_logs(tmp_path / "log.csv", choice)
        return run

    return read_text


def val(run):
    return [observation.val_loss for observation in run.observations]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("epoch,train_loss,val_loss\r\n0,1,2\r\n1,1,1.5\r\n", "utf-8"),
        ("epoch;train_loss;val_loss\n0;1,0;2,0\n1;1,0;1,5\n", "utf-8"),
        ("epoch\ttrain_loss\tval_loss\n0\t1\t2\n1\t1\t1.5\n", "utf-8-sig"),
        ("\n epoch | train_loss | val_loss \n0|1|2\n\n1|1|1.5\n", "utf-16"),
        ("epoch,note,train_loss,val_loss\n0,“größer”,1,2\n1,,1,1.5\n", "utf-8"),
    ],
)
def test_line_ends_separators_decimal_commas_and_encodings(read, text, encoding):
    assert val(read(text, encoding=encoding)) == [2.0, 1.5]


def test_a_comma_that_may_separate_thousands_is_refused(read):
    run = read("epoch;val_loss\n0;2,5\n1;1.5\n2;1,25\n")
    assert val(run) == [2.5, 1.25] and "line 3 is left out" in run.notes[0]
    with pytest.raises(LogError, match=r"log\.csv: it has no epoch with a loss"):
        read('epoch,val_loss\n0,"2,500"\n')


def test_a_last_line_without_an_end_is_left_out(read):
    run = read(f"{HEADER}0,1,2\n1,1,1.2")
    assert val(run) == [2.0] and run.notes == ("line 3 has no end and may be cut: left out",)


def test_a_line_that_was_cut_and_written_on_is_left_out(read):
    run = read(f"{HEADER}0,1,2\n1,0.1,2,1,1.5\n2,1,1\n")
    assert val(run) == [2.0, 1.0] and "line 3 has too many cells" in run.notes[0]


@pytest.mark.parametrize(
    ("rows", "numbers", "of"),
    [
        ("1,1,9\n2,1,8\n3,1,7\n44,1,6\n", [9, 8, 7], 44),  # cut at the 4 that then came whole, with the last line
        ("9,1,9\n10,1,8\n11,1,7\n112,1,6\n", [9, 8, 7], 112),
        ("9,1,9\n10,1,8\n11,1,7\n1212,1,6\n", [9, 8, 7], 1212),
        ("11,1,9\n2,1,8\n3,1,7\n", [8, 7], 11),  # and with the first line
        ("1,1,9\n2,1,8\n3,1,7\n40,1,6\n", [9, 8, 7, 6], None),
        ("1,1,9\n11,1,8\n21,1,7\n31,1,6\n", [9, 8, 7, 6], None),
    ],
)
def test_an_epoch_that_is_two_numbers_in_one_is_left_out(read, rows, numbers, of):
    run = read(HEADER + rows)
    assert val(run) == numbers
    assert any(f"its {of} is two numbers in one" in each for each in assumed_in(run)) == (of is not None)


def test_a_metric_of_mlflow_that_was_cut_and_written_on_has_no_number_of_two_halves(tmp_path):
    path = FORMATS["MLflow files"](tmp_path).parent / "metrics" / "train_loss"
    first, second, *others = path.read_text().splitlines(keepends=True)
    for end in range(1, len(second)):
        path.write_text("".join([first, second[:end], second, *others]))
        (run,) = read_logs(tmp_path)
        losses = {seen.train_loss for seen in run.observations}
        assert losses <= {*TRAIN, None, (TRAIN[0] + TRAIN[1]) / 2, (TRAIN[1] + TRAIN[2]) / 2}, (end, losses - {*TRAIN})


def test_a_resume_that_repeats_epochs_holds_as_it_came_last(read):
    run = read(f"{HEADER}0,1,9\n1,1,8\n2,1,7\n{HEADER}1,1,5\n2,1,4\n3,1,3\n")
    assert val(run) == [9, 5, 4, 3] and "goes back from 2 to 1 at line 6" in assumed_in(run)[0]


def test_epochs_that_start_over_are_another_training(tmp_path):
    (tmp_path / "log.csv").write_text(f"{HEADER}0,1,9\n1,1,8\n0,1,5\n1,1,4\n")
    first, second = read_logs(tmp_path / "log.csv")
    assert (val(first), val(second), second.name) == ([9, 8], [5, 4], "log.csv (2)")


def test_one_epoch_that_is_there_twice_holds_as_it_came_last(read):
    run = read(f"{HEADER}0,1,9\n1,1,8\n1,1,7\n2,1,6\n3,1,5\n")
    assert val(run) == [9, 7, 6, 5] and "epoch 1 is there 2 times" in assumed_in(run)[0]


def test_a_header_with_other_columns_in_the_middle_is_followed(read):
    assert val(read(f"{HEADER}0,1,9\nepoch,val_loss,extra,train_loss\n1,8,55,1\n")) == [9, 8]


def test_a_header_with_none_of_the_columns_ends_what_can_be_read_and_says_so(read):
    run = read(f"{HEADER}0,1,9\nid,label,score\n1,1,8\n")
    assert val(run) == [9] and run.notes == ("line 3 names other columns: what follows is left out",)


@pytest.mark.parametrize("row", ["NA,NA,NA", "None,None,None", "n/a,null,-"])
def test_a_row_of_words_for_nothing_is_no_header(read, row):
    run = read(f"{HEADER}0,1,9\n{row}\n2,1,7\n")
    assert val(run) == [9, 7] and run.notes == ()


@pytest.mark.parametrize(("name", "cell"), [("time", "60s"), ("lr", "[0.001]"), ("step", "one")])
def test_what_is_neither_a_loss_nor_the_epoch_costs_no_row(read, name, cell):
    run = read(f"epoch,{name},train_loss,val_loss\n0,{cell},1,9\n1,{cell},1,8\n")
    assert val(run) == [9, 8] and run.seconds is None
    assert run.notes[0].startswith(f"line 2 is read without {name!r}, since {cell!r} is no")


def test_minutes_and_seconds_are_read(read):
    assert read("epoch,train_loss,val_loss,time\n0,1,9,00:50\n1,1,8,62:31\n").seconds == 3751


@pytest.mark.parametrize("times", [3, 200])
def test_however_many_cells_are_wrong_they_are_one_sentence(read, times):
    bad = "".join(f"{epoch},1,{epoch}%\n" for epoch in range(1, times + 1))
    (note,) = read(f"{HEADER}0,1,9\n{bad}").notes
    assert note == f"line 3 is left out, since in 'val_loss' '1%' is no number (and {times - 1} more)"


def test_nan_and_infinity_are_read_as_they_are(read):
    run = read(f"{HEADER}0,nan,inf\n1,-Infinity,1e400\n2,None,\n3,1,2\n")
    assert math.isnan(run.observations[0].train_loss) and val(run)[:2] == [math.inf, math.inf]
    assert run.observations[1].train_loss == -math.inf and run.observations[-1].step == 3


@pytest.mark.parametrize("cell", ["array(0.5)", "0.5 %", "1_000", "0x10", "abc", "1.2.3"])
def test_what_is_no_number_is_left_out_with_its_line(read, cell):
    run = read(f"{HEADER}0,1,9\n1,1,{cell}\n2,1,7\n")
    assert val(run) == [9, 7] and run.notes[0].startswith(f"line 3 is left out, since in 'val_loss' '{cell}'")


@pytest.mark.parametrize("text", ["", "\n\n", HEADER, "1,2,3\n4,5,6\n", "epoch,acc\n1,2\n"])
def test_a_file_without_a_loss_is_an_error_that_names_it(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(LogError, match=r"log\.csv"):
        list(read_logs(tmp_path / "log.csv"))


def test_equally_likely_columns_are_refused_and_can_be_named(read):
    text = "epoch,train_loss,val_loss,eval_loss\n0,1,2,3\n1,1,1,4\n"
    with pytest.raises(LogError, match=r"'val_loss', 'eval_loss' may each be the validation loss.*--val-metric"):
        read(text)
    assert val(read(text, ColumnChoice(val="eval_loss"))) == [3, 4]
    with pytest.raises(LogError, match="unknown column 'evalloss'; did you mean 'eval_loss'"):
        read(text, ColumnChoice(val="evalloss"))


def test_a_last_epoch_without_validation_is_not_over_yet(read):
    assert val(read(f"{HEADER}0,1,9\n1,1,8\n2,1,\n")) == [9, 8]


def test_validations_after_the_training_are_no_epochs(read):
    run = read(f"{HEADER}0,1,9\n1,1,8\n2,,8\n2,,7\n")
    assert val(run) == [9, 8] and "the validation at line 4 (and 1 more) is after the last epoch" in assumed_in(run)[0]
    assert val(read(f"{HEADER}0,,9\n1,,8\n2,,7\n")) == [9, 8, 7]
    assert val(read(f"{HEADER}0,1,9\n1,,8\n2,,7\n")) == [9, 8, 7]
    assert val(read(f"{HEADER}0,,9\n0,,8\n1,,7\n1,,6\n")) == [9, 8, 7, 6]


def test_a_resume_before_the_first_validation_is_the_same_training(read):
    steps = [*range(1, 9), *range(6, 31)]
    run = read("step,train_loss,val_loss\n" + "".join(f"{k},1,{'' if k % 10 else k}\n" for k in steps))
    assert val(run) == [10, 20, 30] and "goes back from 8 to 6 at line 10" in assumed_in(run)[0]


def test_per_step_losses_are_averaged(read):
    run = read("epoch,step,train_loss_step,val_loss\n0,1,1,\n0,2,3,\n0,2,,9\n1,3,1,\n1,4,2,8\n")
    assert [o.train_loss for o in run.observations] == [2, 1.5] and val(run) == [9, 8]


def test_a_table_is_read_as_a_stream(tmp_path, monkeypatch):
    """A million rows of steps are held as so many epochs, not as so many rows."""
    import tracemalloc

    path = tmp_path / "log.csv"
    with path.open("w") as file:
        file.write("epoch,step,train_loss,val_loss\n")
        for step in range(100_000):
            file.write(f"{step // 1000},{step},0.123456789,{'0.5' if step % 1000 == 999 else ''}\n")
    tracemalloc.start()
    (run,) = read_logs(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert run.steps == 100 and peak < 1_000_000


TEXTS = ["CSV", "Ultralytics", "JSON lines", "JSON lines with modes", "JSON history", "evals_result", "CatBoost"]
TEXTS += ["TensorBoard", "Weights & Biases run", "console log", "notebook"]
TEXTS += ["YOLO results.txt", "pickled history"]


@pytest.mark.parametrize("name", TEXTS)
def test_cut_at_any_byte_a_log_gives_what_it_had_or_an_error(name, tmp_path):
    """Never another number: what is read is the beginning of what was written."""
    path = FORMATS[name](tmp_path)
    (whole,) = read_logs(path)
    content = path.read_bytes()
    for end in range(0, len(content), 1 if len(content) < 1_500 else max(37, len(content) // 200)):
        path.write_bytes(content[:end])
        try:
            (cut,) = read_logs(path)
        except LogError as error:
            assert str(path.parent if name == "TensorBoard" else path) in str(error)
        else:
            if len(cut.observations) > 1 or cut.observations[0].val_loss is not None:  # else validation was yet to come
                *seen, last = cut.observations
                assert tuple(seen) == whole.observations[: len(seen)]
                lr = last.lr if last.lr is not None or name != "console log" else whole.observations[len(seen)].lr
                assert dataclasses.replace(last, lr=lr) == whole.observations[len(seen)]  # a line may lack its end


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_bytes_neither_crash_nor_hang(name, tmp_path, data):
    path = FORMATS[name](tmp_path / "log")
    content = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    junk = data.draw(st.binary(max_size=200))
    content[start : start + data.draw(st.integers(0, 200))] = junk
    path.write_bytes(bytes(content))
    for each in read_logs(path.parent):
        assert isinstance(each, Run | LogError) and "the reader of" not in str(each)
    __import__("shutil").rmtree(tmp_path / "log")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(alphabet='0123456789.,;\t\n"-einfa{}[]:epochvalosrt_', max_size=300))
def test_any_text_is_a_log_or_an_error(tmp_path, content):
    for suffix in (".csv", ".json", ".jsonl"):
        path = tmp_path / f"log{suffix}"
        path.write_text(content)
        try:
            assert all(isinstance(each, Run) for each in read_logs(path))
        except LogError as error:
            assert "the reader of" not in str(error)


def test_the_fixture_is_what_it_should_be(tmp_path):
    (run,) = read_logs(keras_csv(tmp_path))
    assert [o.train_loss for o in run.observations] == TRAIN and val(run) == VAL
