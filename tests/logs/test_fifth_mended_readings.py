"""A fifth set of readings that public logs were got wrong by, each on a small input by the rules of its format."""

import json

import pytest

from convergence_callbacks.logs import LogError, Run, read_logs
from tests.logs.make import assumed_in
from tests.logs.test_mended_readings import LOSSES, run_of, train
from tests.logs.test_third_mended_readings import epochs, val

OTHERS = [t + 1 for t in LOSSES]


def test_epochs_of_streamed_data_start_over_after_a_resume_while_the_steps_go_on(tmp_path):
    history = [
        record
        for number, (t, v) in enumerate(zip(LOSSES, OTHERS, strict=True), start=1)
        for epoch, step in [(0.25 * (number % 2) + 0.01, 100 * number)]
        for record in ({"loss": t, "epoch": epoch, "step": step}, {"eval_loss": v, "epoch": epoch, "step": step})
    ]
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": history, "max_steps": 1000}))
    (run,) = read_logs(path)
    assert isinstance(run, Run)
    assert (train(run), val(run)) == (LOSSES, OTHERS)
    assert "while the steps go on" in assumed_in(run)[0]


def test_turns_of_two_numbers_of_batches_are_of_training_and_validation(tmp_path):
    turn = "Epoch {e}/9\nstep 10/20 - loss: {t}\nstep 20/20 - loss: {t}\nEval begin...\nstep 5/5 - loss: {v}\n"
    with pytest.raises(LogError, match="in turns of two numbers of batches"):
        run_of(tmp_path, epochs(LOSSES, turn))
    once = epochs(LOSSES, "Epoch {e}\nstep 20/20 - loss: {t}\n") + "Epoch 90\nstep 5/5 - loss: 0.5\n"
    assert train(run_of(tmp_path, once)) == [*LOSSES, 0.5]


@pytest.mark.parametrize("mean", ["loss_avg", "mean_loss", "average loss"])
def test_the_mean_of_an_epoch_stands_for_it_where_lines_of_batches_have_the_plain_name(mean, tmp_path):
    form = (
        "[12/25 14:22:40] epoch:[{e}/9] train step:0 loss: 9.5\n[12/25 14:23:40] END epoch:{e} train MEAN: {t}\n"
        "[12/25 14:24:40] epoch:[{e}/9] val step:0 loss: 9.7\n[12/25 14:25:40] END epoch:{e} val MEAN: {v}\n"
    )
    run = run_of(tmp_path, epochs(LOSSES, form.replace("MEAN", mean)))
    assert (train(run), val(run), run.planned) == (LOSSES, OTHERS, 9)


def test_a_line_that_counts_an_evaluation_tells_of_another_part_of_the_data(tmp_path):
    form = "Training epoch: {e}\n\tmean_loss: {t}\nEval epoch: {e}\n\tmean_loss: {v}\n"
    with pytest.raises(LogError, match="training and validation can't be distinguished"):
        run_of(tmp_path, epochs(LOSSES, form))


def test_one_loss_of_all_steps_is_no_curve(tmp_path):
    with pytest.raises(LogError, match="an evaluation, not a training"):
        run_of(tmp_path, "step 300 train loss: 0.5\nstep 300 train loss: 0.4\n")


def test_lines_that_count_nothing_with_days_between_them_are_of_several_trainings(tmp_path):
    lines = [f"2026-03-0{{day}} 10:00:{second:02d} loss: {loss}\n" for second, loss in enumerate(LOSSES)]
    same, later = ("".join(lines).format(day=day) for day in (1, 5))
    assert train(run_of(tmp_path, same)) == LOSSES
    with pytest.raises(LogError, match="4 days, as between trainings"):
        run_of(tmp_path, same + later)


def test_losses_of_a_test_after_the_training_are_none_of_its_last_epoch(tmp_path):
    text = epochs(LOSSES, "Epoch : {e}\nLoss : {t}\n") + "Finished training for 12 epochs\n" + "Loss : 9.5\n" * 5
    run = run_of(tmp_path, text)
    assert train(run) == LOSSES
    assert "where the training ended" in assumed_in(run)[0]
