"""Lines of one shape are analysed once: what they hold is the same as when each is looked at by itself."""

import pytest

from convergence_callbacks.logs import console
from convergence_callbacks.logs.console_line import record_of
from convergence_callbacks.logs.console_lines import records_in
from tests.logs.test_console import FORMS

LINES = {
    "signs and powers": "epoch {e} loss -{t} elbo={v}e-05 val_loss .5 kl 3.\n",
    "names with digits": "iter {e}/60 loss_1: {t} acc@1 {v} top 5 err 0.25\n",
    "not finite": "step {e} train loss nan val loss -inf kl {t}\n",
    "a time in front": "2025-01-01 10:00:0{e},123 INFO epoch {e} loss {t} ({v})\n",
    "a date inside": "epoch {e} since 2025-01-0{e} 10:0{e}:00 loss {t} version 1.{e}.3\n",
    "an address": "epoch {e} on 10.0.0.{e}:80{e} loss {t}\n",
    "a part of a validation": "Test: [{e}/9] Time 0.5 (0.5) Loss {t} ({v})\n",
    "a bar without name": "{e}/6 [=====>......] - loss: {t} - val_loss: {v}\n",
    "a full bar": "6/6 [===========] - 1s - loss: {t} - val_loss: {v}\n",
    "prose": "the loss of sample {e} is no step of a training\n",
    "an example": "img_{e}.jpg 0.{e} loss {t}\n",
    "a rank in words": "the {e}th step has loss {t}\n",
}


@pytest.mark.parametrize("form", [*FORMS, *LINES])
def test_a_line_tells_the_same_whether_its_shape_is_known_or_not(form):
    text = "".join((FORMS | LINES)[form].format(e=e, t=1 / (e + 1), v=2.5 / e) for e in range(1, 7))
    lines = list(enumerate(text.split("\n"), start=1))
    together = list(records_in(lines))
    apart = [record for line in lines for record in records_in([line])]
    assert repr(together) == repr(apart)


def test_a_shape_is_learnt_from_its_second_line_and_its_words_are_not_looked_at_again(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "convergence_callbacks.logs.console_lines.record_of",
        lambda number, line: seen.append(number) or record_of(number, line),
    )
    records = list(records_in((number, f"epoch {number} loss {1 / number:.3f}") for number in range(1, 101)))
    assert [(record.epoch, record.values["loss"]) for record in records] == [
        (number, round(1 / number, 3)) for number in range(1, 101)
    ]
    assert max(seen) == 2


def test_a_text_that_is_too_long_to_be_held_is_read_twice_with_the_same_outcome(monkeypatch, tmp_path):
    path = tmp_path / "train.log"
    path.write_text("".join(f"Epoch {e} loss: {1 / e} val_loss: {2 / e}\n" for e in range(1, 30)))
    at_once = list(console.runs_in(path, "x", lambda: _lines(path), console.ColumnChoice()))
    monkeypatch.setattr(console, "MOST_KEPT", 10)
    assert list(console.runs_in(path, "x", lambda: _lines(path), console.ColumnChoice())) == at_once


def _lines(path):
    return iter(list(enumerate(path.read_text().split("\n"), start=1)))
