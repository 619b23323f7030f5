"""Runs and their cards, for the tests of pages."""

from pathlib import Path

from convergence_callbacks import Observation
from convergence_callbacks.logs import Run
from convergence_callbacks.pages import Card
from convergence_callbacks.replay import replay
from tests.curves import exponential, overfitting

SCRIPT = "<script>alert(1)</script>"


def run_of(curve=None, name="a", times=False, train=True, **more):
    curve = curve or overfitting(60, best=10)
    seen = [
        Observation(
            step=e,
            train_loss=float(t) if train else None,
            val_loss=float(v),
            lr=0.1,
            elapsed=60.0 * (e + 1) if times else None,
        )
        for e, (t, v) in enumerate(zip(curve.train, curve.val, strict=True))
    ]
    return Run(name=name, path=Path(f"{name}.csv"), format="CSV", observations=tuple(seen), **more)


def card_of(*arguments, **more):
    return Card.of(replay(run_of(*arguments, **more)))


def sound():
    return exponential(100, 8, noise=0.01)
