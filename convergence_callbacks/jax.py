"""The integration with JAX loops: Equinox, Flax, or bare trees of arrays.

In a training:

    from convergence_callbacks.jax import ConvergenceStopping
    stopping = ConvergenceStopping(max_epochs=200, restore_best=True)
    for epoch in range(200):
        model, train_loss = train_one_epoch(model)
        if stopping.update(model, train_loss=train_loss, val_loss=validate(model), lr=0.1).stop:
            break
    model = stopping.restore(model)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    import jax
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("JAX", "jax")) from error

from convergence_callbacks.adapter.loop import LoopStopping
from convergence_callbacks.adapter.trained import arrays
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError


class TreeOfArrays:
    """A model of JAX; see `Trained`.

    Args:
        model: Any tree of arrays.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def weights(self) -> list[Any]:
        """The arrays on the host: a step that donates its arguments can't take them away."""
        return [jax.device_get(leaf) for leaf in jax.tree.leaves(self._model) if isinstance(leaf, jax.Array)]

    def give_back(self, weights: Sequence[Any]) -> Any:
        """A new tree with these arrays."""
        best = iter(weights)
        return jax.tree.map(
            lambda now: jax.device_put(next(best), now.sharding) if isinstance(now, jax.Array) else now, self._model
        )

    @staticmethod
    def read(saved: Any) -> list[Any]:
        """Arrays as a saved state holds them."""
        return arrays(saved)


class ConvergenceStopping(LoopStopping):
    """Ends a JAX loop when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. `update` belongs outside of ``jax.jit``: it reads two numbers an epoch, and
    the compiled steps stay as they are. The model is any tree of arrays: an Equinox module, or ``nnx.state(model)``
    of Flax, which ``nnx.update(model, stopping.restore(nnx.state(model)))`` puts back. `restore` returns a new tree.
    """

    integration = "JAX"
    supports = frozenset({"restore_best"})
    trained = TreeOfArrays

    def update(self, model: Any = None, *, lr: Any = None, epoch: int | None = None, **logged: Any) -> Decision:
        """Take in one epoch; see `LoopStopping.update`.

        Raises:
            ConvergenceError: It was called inside ``jax.jit``, where losses have no values yet.
        """
        if any(isinstance(value, jax.core.Tracer) for value in (lr, epoch, *logged.values())):
            raise ConvergenceError("update was called inside jax.jit or jax.grad, where losses have no values yet")
        return super().update(model, lr=lr, epoch=epoch, **logged)
