"""A model in the middle of its training, as its framework holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from convergence_callbacks.core.observation import Observation


class Trained(Protocol):
    """A model whose weights can be copied and given back."""

    def weights(self) -> Any:
        """A copy of the weights that further training can't change."""

    def give_back(self, weights: Any) -> Any:
        """The model with these weights; most frameworks return the same object."""

    @staticmethod
    def read(saved: Any) -> Any:
        """Weights as a saved state holds them.

        Raises:
            TypeError, ValueError: They are no weights.
        """


def arrays(saved: Any) -> list[Any]:
    """Weights that are a list of arrays, as a saved state holds them.

    Raises:
        TypeError: They are no list.
    """
    if not isinstance(saved, list | tuple):
        raise TypeError(f"best_weights must be what state_dict gave, got {type(saved).__name__}")
    return list(saved)


class Experimental(Trained, Protocol):
    """A model of which copies can be trained, and whose learning rate can be changed."""

    def train_copy(self, times: float, collector: Any) -> Sequence[Observation]:
        """Train a copy at so many times the rate; returns what a collector observes. The run is not changed."""

    def state(self) -> Any:
        """Weights and the optimisers' moments, safe from further training."""

    def best_state(self) -> Any:
        """The state with the weights that were validated, where they differ from those that are trained."""

    def weights_in(self, state: Any) -> Any:
        """The weights of such a state, as `weights` gives them."""

    def restore(self, state: Any) -> Any:
        """The model, in such a state; the learning rate stays."""

    def scale_rate(self, times: float) -> None:
        """Multiply the learning rate, that of a schedule at every epoch to come."""
