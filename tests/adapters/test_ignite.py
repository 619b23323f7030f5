"""An Ignite training, beyond what every integration promises."""

import pytest

pytest.importorskip("ignite", reason="needs pip install 'convergence-callbacks[ignite]'")

from ignite.engine import Engine

from convergence_callbacks.ignite import ConvergenceStopping


def test_an_evaluator_that_never_runs_is_no_end_without_a_word(capsys):
    trainer, evaluator = Engine(lambda engine, batch: 0.5), Engine(lambda engine, batch: None)
    ConvergenceStopping().attach(trainer, evaluator)
    trainer.run([0, 1], max_epochs=3)
    assert capsys.readouterr().out == "Nothing was judged: no epoch with a loss was seen.\n"
