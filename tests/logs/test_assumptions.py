"""Whatever a reading rests on without a word for it in the log is said by default, and what in it is doubtful too."""

import json

import pytest
from typer.testing import CliRunner

from convergence_callbacks.cli import app
from convergence_callbacks.logs import LogError, read_logs
from convergence_callbacks.logs.assumption import DOUBTS, Assumption, Clock, Inference
from convergence_callbacks.telling.reading import OF_CLOCK, OF_SEVERAL, sentence
from tests.logs.make import assumed_in, write_csv
from tests.logs.test_mended_readings import LOSSES, run_of, train


def command(*arguments, status=0):
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == status, result.output
    return " ".join(result.stdout.split())


def logged(losses, form):
    return "".join(form.format(e=e, t=t, v=2 * t) for e, t in enumerate(losses, start=1))


@pytest.mark.parametrize("what", Inference)
def test_each_kind_has_words_alone_and_for_several_runs(what):
    each = Assumption(what, "loss", ("a", "b"), 3, 2, (1, 2), clock=Clock.LATE)
    assert sentence(each) and "None" not in sentence(each) and OF_SEVERAL[what]
    assert each.is_doubt == (what in DOUBTS)


def test_each_clock_has_words():
    assert set(OF_CLOCK) == set(Clock)


def test_nothing_is_assumed_where_names_say_it_all(tmp_path):
    run = run_of(tmp_path, logged(LOSSES, "epoch {e} train loss: {t} val loss: {v}\n"))
    assert assumed_in(run) == []


@pytest.mark.parametrize(
    "form, what",
    [
        ("epoch {e} loss: {t}\n", "'loss' is the train loss, since no name says otherwise"),
        ("epoch {e} train loss: {t} test loss: {v}\n", "'test loss' stands in for a validation loss"),
        ("epoch {e} train mse: {t} val mse: {v}\n", "'val mse' is judged in place of a loss"),
        ("train loss: {t} val loss: {v}\n", "nothing counts the steps: each record is one, in the order of the log"),
        ("train loss: {t} val loss: {v}\nepoch {e}\n", "losses are of the epoch that is printed behind them"),
        (
            "epoch {e} train loss: {t}\nepoch {e} train loss: {v}\n",
            "the train loss of each epoch is the mean of its 2 records of 'train loss'",
        ),
        ("epoch {e} train loss: {t} val loss: {t}\n", "'train loss' and 'val loss' are the same throughout"),
        ("epoch {e} train loss: 1.5 val loss: {v}\n", "'train loss' never changes"),
        ("epoch {e}/100 train loss: {t} val loss: {v}\n", "12 of 100 planned epochs were read"),
        ("epoch {e}/6 train loss: {t} val loss: {v}\n", "12 epochs were read, and 6 planned"),
    ],
)
def test_what_no_word_says_is_assumed(tmp_path, form, what):
    assert what in assumed_in(run_of(tmp_path, logged(LOSSES, form)))


def test_a_loss_between_two_levels_is_doubtful(tmp_path):
    losses = [loss * (1 if index % 2 else 8) for index, loss in enumerate(LOSSES)]
    run = run_of(tmp_path, logged(losses, "epoch {e} train loss: {t}\n"))
    assert assumed_in(run) == ["'train loss' goes to and fro between two levels, as of two parts of the data"]


def test_a_loss_that_jumps_by_orders_of_magnitude_is_doubtful(tmp_path):
    losses = [*LOSSES[:6], 5e5, *LOSSES[6:]]
    run = run_of(tmp_path, logged(losses, "epoch {e} train loss: {t}\n"))
    assert assumed_in(run) == ["'train loss' jumps up and down by orders of magnitude"]


def test_epochs_that_are_missing_are_doubtful(tmp_path):
    rows = [(epoch, loss, loss) for epoch, loss in zip([1, 2, 3, 7, 8], LOSSES, strict=False)]
    write_csv(tmp_path / "a.csv", ["epoch", "train_loss", "val_acc"], rows)
    assert "of 8 epochs only 5 were read" in command("replay", tmp_path / "a.csv", status=0)


def test_lines_that_are_left_out_are_doubtful_where_they_are_many(tmp_path):
    rows = [(epoch, loss if epoch % 3 else "broken", loss) for epoch, loss in enumerate(LOSSES)]
    write_csv(tmp_path / "a.csv", ["epoch", "train_loss", "val_loss"], rows)
    assert "Doubtful: " in (shown := command("replay", tmp_path / "a.csv")) and "4 lines of 12 were left out" in shown


def test_an_epoch_with_many_more_records_is_doubtful(tmp_path):
    lines = "".join(f"epoch {e} loss: {t}\n" * (9 if e == 6 else 3) for e, t in enumerate(LOSSES))
    assert "most epochs have 3 records of 'loss', one has 9" in assumed_in(run_of(tmp_path, lines))


def test_trainings_of_one_step_are_doubtful(tmp_path):
    (tmp_path / "a.log").write_text("".join(f"epoch 1 loss: {t}\n---\nepoch 0 loss: {t}\n" for t in LOSSES))
    assert "trainings were read, most of one or two epochs" in command("replay", tmp_path, "--explain-columns")


LINE = "Assumed: 'loss' is the train loss, since no name says otherwise."


@pytest.mark.parametrize(
    "arguments", [["replay"], ["replay", "--explain-columns"], ["explain"], ["watch", "--once"], ["compare"]]
)
def test_each_command_says_it_by_default(tmp_path, arguments):
    (tmp_path / "a.log").write_text(logged(LOSSES, "epoch {e} loss: {t}\n"))
    name, *options = arguments
    assert LINE in command(name, tmp_path / "a.log", *options)


def test_of_several_runs_each_kind_is_one_part_of_the_line(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.log").write_text(logged(LOSSES, "epoch {e} loss: {t}\n"))
    assert "Assumed: the only loss is that of the training (3 runs)." in command("replay", tmp_path)


def test_a_column_that_was_named_is_not_assumed(tmp_path):
    (tmp_path / "a.log").write_text(logged(LOSSES, "epoch {e} loss: {t}\n"))
    assert "Assumed" not in command("replay", tmp_path / "a.log", "--train-metric", "loss")


@pytest.mark.parametrize("arguments", [["replay", "--json"], ["replay", "--explain-columns", "--json"]])
def test_it_is_in_the_json(tmp_path, arguments):
    (tmp_path / "a.log").write_text(logged(LOSSES, "epoch {e} loss: {t}\n"))
    name, *options = arguments
    (run,) = json.loads(command(name, tmp_path / "a.log", *options))["runs"]
    assert run["assumed"] == ["'loss' is the train loss, since no name says otherwise"]


def test_it_is_in_the_json_of_a_comparison(tmp_path):
    (tmp_path / "a.log").write_text(logged(LOSSES, "epoch {e} loss: {t}\n"))
    (run,) = json.loads(command("compare", tmp_path / "a.log", "--json"))["assumed"]
    assert run == {"run": "a.log", "assumed": ["'loss' is the train loss, since no name says otherwise"]}


def test_a_validation_loss_that_is_never_a_number_is_none(tmp_path):
    run = run_of(tmp_path, logged(LOSSES, "epoch {e} train loss: {t} val loss: nan\n"))
    assert run.observations[0].val_loss is None
    assert assumed_in(run) == ["'val loss' is never a number, the train loss always is: left out"]


def test_the_first_of_two_numbers_counts(tmp_path):
    (tmp_path / "train_losses.csv").write_text(logged(LOSSES, "{e},{t}\n"))
    (run,) = read_logs(tmp_path)
    assert assumed_in(run) == ["the first of two numbers counts the epochs, which no name says"]


def test_a_step_that_grows_by_one_is_taken_for_an_epoch(tmp_path):
    run = run_of(tmp_path, logged(LOSSES, "step {e} train loss: {t}\n"))
    assert run.unit == "epoch" and assumed_in(run) == ["'step' counts the epochs, since it grows by one"]


def test_of_two_epochs_with_many_steps_each_step_is_shown(tmp_path):
    lines = "".join(
        f"[step={s}/40,epoch={s // 20}]\n    train/CrossEntropyLoss={t}\n" for s, t in enumerate(LOSSES * 3)
    )
    run = run_of(tmp_path, lines)
    assert (run.unit, train(run)) == ("step", LOSSES * 3) and run.columns.train == "train/crossentropyloss"
    assert assumed_in(run)[0] == "each record is a step, since there are only one or two epochs"


def test_train_losses_behind_a_validation_are_of_the_next_one_of_the_epoch(tmp_path):
    lines = "".join(
        f"global step {s}/2400, epoch: {s // 1300}, loss: {t}\n"
        + (f"eval loss: {t}, acc: 0.5\n" if s % 200 == 0 else "")
        for s, t in zip(range(100, 2500, 100), [*LOSSES, *LOSSES], strict=True)
    )
    run = run_of(tmp_path, lines)
    both = [*LOSSES, *LOSSES]
    assert train(run) == pytest.approx([(a + b) / 2 for a, b in zip(both[::2], both[1::2], strict=True)])


def test_a_starting_epoch_of_so_many_counts_and_pytorch_s_tutorial_too(tmp_path):
    run = run_of(tmp_path, logged(LOSSES, "Starting Epoch {e}/12\nIteration 1, Loss: {t}\nIteration 101, Loss: {t}\n"))
    assert (run.unit, run.planned, train(run)) == ("epoch", 12, LOSSES)
    run = run_of(tmp_path, logged(LOSSES, "[{e},  2000] loss: {t}\n[{e},  4000] loss: {t}\n"))
    assert (run.unit, train(run)) == ("epoch", LOSSES)


def test_a_file_that_was_emptied_while_its_process_wrote_on_begins_with_nothing(tmp_path):
    (tmp_path / "training.log").write_bytes(b"\0" * 9000 + logged(LOSSES, "step {e} | loss {t} | lr 0.1\n").encode())
    (run,) = read_logs(tmp_path)
    assert train(run) == LOSSES


def test_the_validity_loss_of_a_gan_is_refused(tmp_path):
    write_csv(
        tmp_path / "a.csv", ["step", "loss/gan_loss", "loss/valid_loss"], [(e, 1, t) for e, t in enumerate(LOSSES)]
    )
    with pytest.raises(LogError, match="plays against another loss, as in a GAN"):
        list(read_logs(tmp_path / "a.csv"))


def test_a_last_line_without_an_end_is_said_to_be_left_out(tmp_path):
    (tmp_path / "a.csv").write_text("epoch,train_loss,val_loss\n" + logged(LOSSES, "{e},{t},{v}\n")[:-1])
    (run,) = read_logs(tmp_path)
    assert len(run.observations) == 11 and assumed_in(run) == ["the last line has no end and may be cut: left out"]


def test_of_a_loss_that_became_a_better_one_the_better_one_is_read(tmp_path):
    run = run_of(
        tmp_path, logged(LOSSES, "Epoch {e} Train Loss: {t} | Valid Loss: {v} ===========> {t} | Saving model...\n")
    )
    assert [each.val_loss for each in run.observations] == LOSSES


def test_a_validity_beside_the_losses_of_a_gan_is_refused(tmp_path):
    rows = [(loss, 1, 0.5) for loss in LOSSES]
    write_csv(tmp_path / "a.csv", ["disc_loss", "gen_loss", "valid"], rows)
    with pytest.raises(LogError, match="plays against another loss, as in a GAN"):
        list(read_logs(tmp_path / "a.csv"))


def test_a_number_in_brackets_behind_a_loss_is_said_to_be_left_out(tmp_path):
    run = run_of(tmp_path, logged(LOSSES, "epoch {e} train loss: {t} (9.5) val loss: {v} (8.5)\n"))
    assert train(run) == LOSSES
    assert assumed_in(run) == ["a number in brackets behind a loss, which may be its mean so far, is left out"]


def test_the_words_on_an_early_stop_of_old_keras_do_not_count_the_last_epoch(tmp_path):
    shown = [f"Epoch {epoch}/50\n4s - loss: {loss} - val_loss: {loss + 1}\n" for epoch, loss in enumerate(LOSSES, 1)]
    head, loss = shown[-1].split("\n", 1)
    run = run_of(tmp_path, "".join([*shown[:-1], f"{head}\nEpoch {len(LOSSES) - 1:05}: early stopping\n{loss}"]))
    assert train(run) == LOSSES and run.observations[-1].step == len(LOSSES) - 1


def test_a_loss_of_all_is_the_whole(tmp_path):
    run = run_of(tmp_path, logged(LOSSES, "Epoch: {e}, det loss: 9.5, bbox loss: 8.5, all_loss: {t}\n"))
    assert (run.columns.train, train(run)) == ("all_loss", LOSSES)


def test_two_files_of_other_formats_with_as_many_steps_may_be_of_one_training(tmp_path):
    write_csv(tmp_path / "a.csv", ["epoch", "train_loss", "val_loss"], [(e, t, t) for e, t in enumerate(LOSSES)])
    history = {"loss": [loss + 1 for loss in LOSSES], "val_loss": [loss + 2 for loss in LOSSES]}
    (tmp_path / "history.json").write_text(json.dumps(history))
    for run in read_logs(tmp_path):
        assert any("may be of the same training" in each for each in assumed_in(run)), run.name
