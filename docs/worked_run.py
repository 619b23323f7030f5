"""The worked run of `docs/how-it-works.md`: a table of what the rule sees at some epochs of one training."""

from __future__ import annotations

from collections.abc import Iterator

from convergence_callbacks import Decision, Monitor, Observation
from convergence_callbacks.core.models.further_gain import model
from convergence_callbacks.core.models.further_gain.model import FurtherGain
from convergence_callbacks.core.rule.expected_gain import ExpectedGain, can_expect
from convergence_callbacks.telling.numbers import NONE, percent, value
from convergence_callbacks.telling.summary import verdict_of

BUDGET = 100
EVERY = 4
"""Epochs from one row to the next."""

BEGIN, END = "<!-- worked run: python -m docs.generate -->\n", "<!-- end of worked run -->"
COLUMNS = ("epoch", "train loss", "validation loss", "gained", "looks like", "still to gain", "decision")
HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|\n"


def worked_run(page: str) -> str:
    """A page with its table of the worked run, between the comments that name it, as the rule decides now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{HEAD}{''.join(_rows())}\n{END}{rest.partition(END)[2]}"


def curves() -> Iterator[Observation]:
    """Both losses: train loss falls to the end, validation loss turns after epoch 14."""
    for epoch in range(BUDGET):
        train = 0.1 + 0.6 * 0.93**epoch
        val = 0.3 + 0.4 * 0.8**epoch + 0.004 * max(0, epoch - 12)
        yield Observation(step=epoch, train_loss=train, val_loss=val, lr=0.01)


def _rows() -> Iterator[str]:
    monitor, reader, rule = Monitor(max_epochs=BUDGET), Monitor(max_epochs=BUDGET), ExpectedGain()
    state = rule.start()
    for observation in curves():
        reading = reader.read(observation)
        state, _ = rule.step(state, reading)
        decision = monitor.observe(observation)
        if decision.stop or observation.step % EVERY == 0:
            yield _row(observation, decision, model.further_gain(state["worth"]) if can_expect(reading) else None)
        if decision.stop:
            return


def _row(observation: Observation, decision: Decision, expected: FurtherGain | None) -> str:
    left = NONE if expected is None else f"{percent(expected.mean)}, at most {percent(expected.most)}"
    cells = (
        str(observation.step),
        value(observation.train_loss, 3),
        value(observation.val_loss, 3),
        value(decision.evidence["total_gain"], 3),
        verdict_of(decision),
        left,
        "**stop**" if decision.stop else "go on",
    )
    return f"| {' | '.join(cells)} |\n"
