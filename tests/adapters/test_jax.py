"""The JAX integration, beyond what every integration promises."""

import pytest

jax = pytest.importorskip("jax", reason="needs pip install 'convergence-callbacks[jax]'")
import jax.numpy as jnp

from convergence_callbacks import ConvergenceError, Patience
from convergence_callbacks.jax import ConvergenceStopping


def test_a_call_inside_a_compiled_function_is_reported():
    stopping = ConvergenceStopping()
    with pytest.raises(ConvergenceError, match=r"inside jax\.jit"):
        jax.jit(lambda loss: stopping.update(val_loss=loss))(1.0)
    assert stopping.decision is None


def test_any_tree_of_arrays_is_given_back():
    stopping = ConvergenceStopping(criteria=Patience(1), restore_best=True, verbose=False)
    for epoch, loss in enumerate([1.0, 0.5, 0.7]):
        tree = {"w": jnp.full(2, float(epoch)), "name": "net", "layers": [jnp.asarray(epoch), None]}
        stopping.update(tree, train_loss=loss, val_loss=jnp.asarray(loss))
    best = stopping.restore(tree)
    assert best["w"].tolist() == [1.0, 1.0] and int(best["layers"][0]) == 1 and best["name"] == "net"
