"""The random state of Keras's backend, of Keras itself, of Python and of NumPy, put back after an experiment."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state

from convergence_callbacks.adapter.torch_random import random_state_kept as torch_state_kept

OWN = "global_seed_generator"
"""Name under which Keras keeps the generator for calls without a seed."""


@contextmanager
def random_state_kept(loaders: Iterable[Any] = ()) -> Iterator[None]:
    """Put the state of all random generators back afterwards; JAX itself has none.

    Args:
        loaders: Data loaders of PyTorch that may have generators of their own.
    """
    python, legacy = random.getstate(), np.random.get_state()
    try:
        with ExitStack() as kept:
            kept.enter_context(_keras_state_kept())
            if "torch" in sys.modules:
                kept.enter_context(torch_state_kept(loaders))
            if "tensorflow" in sys.modules:  # its data sets serve the other backends too
                kept.enter_context(_tensorflow_state_kept())
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)


@contextmanager
def _keras_state_kept() -> Iterator[None]:
    """Put Keras's own generator back; if there was none yet, remove the new one."""
    seeds = global_state.get_global_attribute(OWN)
    drawn = None if seeds is None else np.array(keras.ops.convert_to_numpy(seeds.state.value))
    try:
        yield
    finally:
        if seeds is not None:
            seeds.state.assign(drawn)
        global_state.set_global_attribute(OWN, seeds)


@contextmanager
def _tensorflow_state_kept() -> Iterator[None]:
    """Put back what ``tf.random.set_seed`` seeds: the global generator, and from where operations take their seeds."""
    import tensorflow as tf
    from tensorflow.python.eager import context

    generator, seeds = tf.random.get_global_generator(), getattr(context.context(), "_rng", None)
    state, drawn = generator.state.numpy(), None if seeds is None else seeds.getstate()
    try:
        yield
    finally:
        generator.state.assign(state)
        if seeds is not None:
            seeds.setstate(drawn)
