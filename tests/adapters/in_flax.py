"""A loop in JAX with Flax NNX; the step is compiled and changes the model in place."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from tests.adapters.contract import Training

X = jnp.asarray(np.random.default_rng(0).normal(size=(16, 4)).astype("float32"))


def make():
    """A model and its optimiser."""
    model = nnx.Linear(4, 1, rngs=nnx.Rngs(0))
    return model, nnx.Optimizer(model, optax.sgd(0.05), wrt=nnx.Param)


@nnx.jit
def step(model, optimizer, x):
    loss, gradient = nnx.value_and_grad(lambda model: jnp.mean(model(x) ** 2))(model)
    optimizer.update(model, gradient)
    return loss


def weights(model):
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(nnx.state(model))])


def train(training: Training) -> None:
    stopping, checkpoint, first = training.stopping, training.folder / "checkpoint.pkl", 0
    model, optimizer = make()

    def save():
        leaves = jax.device_get(jax.tree.leaves(nnx.state(model)))
        checkpoint.write_bytes(pickle.dumps((leaves, stopping.state_dict())))

    if training.resume:
        leaves, state = pickle.loads(checkpoint.read_bytes())
        kept = nnx.state(model)
        nnx.update(model, jax.tree.unflatten(jax.tree.structure(kept), map(jnp.asarray, leaves)))
        stopping.load_state_dict(state)
        first = stopping.decision.step + 1
    for epoch in range(first, training.epochs):
        loss = step(model, optimizer, X)
        validated = {} if training.script is None else {"val_loss": jnp.asarray(training.script[epoch])}
        decision = stopping.update(nnx.state(model), train_loss=loss, **validated, lr=0.05)
        training.end_epoch(epoch, weights(model), save)
        if decision.stop:
            break
    nnx.update(model, stopping.restore(nnx.state(model)))
    training.final = weights(model)
