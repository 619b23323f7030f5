"""The random state of PyTorch, of Python and of NumPy, put back after an experiment."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def random_state_kept(loaders: Iterable[Any]) -> Iterator[None]:
    """Put the state of all random generators back afterwards.

    Args:
        loaders: Data loaders that may have generators of their own.
    """
    import torch

    generators = _generators(loaders)
    states = [generator.get_state() for generator in generators]
    python, legacy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        random.setstate(python)
        np.random.set_state(legacy)
        torch.set_rng_state(cpu)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)


def _generators(loaders: Iterable[Any]) -> list[Any]:
    """Generators of their own that loaders and their samplers have."""
    import torch

    holders = [holder for loader in loaders for holder in (loader, getattr(loader, "sampler", None))]
    found = (getattr(holder, "generator", None) for holder in holders)
    return list({id(g): g for g in found if isinstance(g, torch.Generator)}.values())
