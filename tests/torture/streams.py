"""Hostile values, and states that are saved and damaged at random moments."""

from __future__ import annotations

import copy
import json
import math
import pickle
import warnings

import numpy as np

from convergence_callbacks import Monitor, Patience, StateError
from convergence_callbacks.adapter.loop import LoopStopping
from tests.torture.attack import Attack

HOSTILE = (
    *(math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1e308, -1e308, 1e100, 10**400, -(10**400)),
    *(None, True, "0.5", "no number", b"1", [], {}, object(), complex(1, 1), 1e-300, 2**53 + 1),
)


class Broken:
    """What may stand where a number should, and raises whatever is asked of it."""

    def fails(self, *_):
        raise ZeroDivisionError

    __int__ = __float__ = __index__ = __eq__ = __lt__ = __le__ = __array__ = fails
    __hash__ = None


STEPS = (
    *(None, -1, 0, 1.5, math.nan, math.inf, 10**30, 10**400, "3", object(), Broken()),
    *(np.int64(3), np.float32(4), np.array([5, 6]), np.datetime64("2020"), b"1", [], 1j, True),
)
SETTINGS = (
    *({}, {"max_epochs": 30}, {"mode": "max"}, {"tolerance": 0.2}, {"criteria": Patience(3)}, {"target_loss": 0.3}),
    *({"max_epochs": 40, "lr_schedule": [0.1] * 20 + [0.01] * 20}, {"baseline_loss": 2.3}, {"min_epochs": 0}),
    *({"criteria": [{"all_of": ["plateau", {"patience": 4}]}]}, {"stop_on": ["unstable", "false_convergence"]}),
)
BYTES_OF_A_STATE = 16_000


def curve(rng, length):
    """A loss of a random kind, its train loss, and the rate of each epoch."""
    scale, floor, speed = 10 ** rng.uniform(-12, 12), rng.choice([0, 0, 1, -3, 1e3]), rng.uniform(0.5, 0.999)
    noise, turn = rng.choice([0, 0.01, 0.3]), rng.choice([math.inf, length / 2])
    for epoch in range(length):
        fall = speed**epoch + 0.02 * max(0.0, epoch - turn)
        yield (
            scale * (floor + speed**epoch + noise * rng.random()),
            scale * (floor + fall + noise * rng.random()),
            rng.choice([0.1, 0.1, 0.01]),
        )


def observations(rng):
    """What a training may hand to `update`, hostile here and there."""
    hostile = rng.choice([0.0, 0.02, 0.3])
    for train, val, lr in curve(rng, rng.choice([1, 2, 20, 60, 150, 400])):
        given = {"train_loss": train, "val_loss": val, "lr": lr, "val_acc": rng.random()}
        for name in given:
            if rng.random() < hostile:
                given[name] = rng.choice(HOSTILE)
        if rng.random() < hostile:
            given["step"] = rng.choice(STEPS)
        yield {name: value for name, value in given.items() if rng.random() > 0.02}


def hostile_stream(rng, folder):
    """Nothing raises; a copy that is restored at random moments decides the same; states are small and plain."""
    settings = rng.choice(SETTINGS)
    steady, resumed = Monitor(**settings), Monitor(**settings)
    for given in observations(rng):
        one, other = steady.update(**given), resumed.update(**given)
        assert one == other, (given, one, other)
        assert all(math.isfinite(value) for value in one.evidence.values()), one.evidence
        str(one)
        if rng.random() < 0.1:
            resumed = restored(rng, resumed, settings)


def hostile_loop(rng, folder):
    """A loop may hand over any epoch number and any value: nothing raises, and its state can be saved as JSON."""
    stopping = LoopStopping(max_epochs=60, verbose=False)
    for given in observations(rng):
        epoch = given.pop("step", None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decision = stopping.update(None, epoch=epoch, **given)
        assert type(decision.step) is int
        if rng.random() < 0.05:
            saved = json.loads(json.dumps(stopping.state_dict(), allow_nan=False))
            stopping = LoopStopping(max_epochs=60, verbose=False)
            stopping.load_state_dict(saved)


def restored(rng, monitor, settings):
    """The same monitor, by one of the ways that there are."""
    way = rng.choice(["state", "json", "pickle", "copy"])
    if way == "copy":
        return copy.deepcopy(monitor)
    if way == "pickle" and not callable(settings.get("lr_schedule")):
        fresh = Monitor(**settings)
        fresh.load_state_dict(pickle.loads(pickle.dumps(monitor.state_dict())))
        return fresh
    text = json.dumps(monitor.state_dict(), allow_nan=False)
    assert len(text) < BYTES_OF_A_STATE
    fresh = Monitor(**settings)
    fresh.load_state_dict(json.loads(text))
    return fresh


def damaged_state(rng, folder):
    """A damaged state is refused as such or restored; a monitor that refused one is as it was; none raises later."""
    monitor = Monitor(max_epochs=50)
    for given in observations(rng):
        monitor.update(**given)
    state = json.loads(json.dumps(monitor.state_dict()))
    for _ in range(rng.randrange(1, 4)):
        damage(rng, state)
    fresh, untouched = Monitor(max_epochs=50), Monitor(max_epochs=50)
    for each in (fresh, untouched):
        each.update(val_loss=1.0)
    try:
        fresh.load_state_dict(state)
    except StateError:
        assert fresh.update(val_loss=0.5) == untouched.update(val_loss=0.5)
        return
    for epoch in range(20):
        fresh.update(train_loss=0.9**epoch, val_loss=0.9**epoch, lr=0.1)


def damage(rng, state):
    """Change one place in a nested state: take it away, or put something else there."""
    place = state
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.7:
            place = place[key]
            continue
        if isinstance(place, dict) and rng.random() < 0.3:
            del place[key]
        else:
            place[key] = rng.choice([None, -1, 0, 1e308, "text", [], {}, True, 10**30, [1, 2], 0.5])
        return


ATTACKS = [
    Attack("hostile values, saved and restored", hostile_stream, weight=10),
    Attack("loops with hostile values and epochs", hostile_loop, weight=5),
    Attack("damaged states", damaged_state, weight=10),
]
