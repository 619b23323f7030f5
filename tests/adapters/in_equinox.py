"""A loop in JAX with Equinox; the step is compiled and donates its arguments, as in earnest."""

import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from tests.adapters.contract import Training

X = jnp.asarray(np.random.default_rng(0).normal(size=(16, 4)).astype("float32"))


@eqx.filter_jit(donate="all")
def step(model, x):
    loss, gradient = eqx.filter_value_and_grad(lambda m: jnp.mean(jax.vmap(m)(x) ** 2))(model)
    return jax.tree.map(lambda w, g: w if g is None else w - 0.05 * g, model, gradient), loss


def weights(model):
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))])


def train(training: Training) -> None:
    stopping, checkpoint, first = training.stopping, training.folder / "checkpoint.pkl", 0
    model = eqx.nn.MLP(4, 1, 4, 1, key=jax.random.key(0))

    def save():
        arrays = jax.device_get(eqx.filter(model, eqx.is_array))
        checkpoint.write_bytes(pickle.dumps((jax.tree.leaves(arrays), stopping.state_dict())))

    if training.resume:
        leaves, state = pickle.loads(checkpoint.read_bytes())
        arrays, rest = eqx.partition(model, eqx.is_array)
        model = eqx.combine(jax.tree.unflatten(jax.tree.structure(arrays), map(jnp.asarray, leaves)), rest)
        stopping.load_state_dict(state)
        first = stopping.decision.step + 1
    for epoch in range(first, training.epochs):
        model, loss = step(model, X + 0)
        validated = {} if training.script is None else {"val_loss": jnp.asarray(training.script[epoch])}
        decision = stopping.update(model, train_loss=loss, **validated, lr=0.05)
        training.end_epoch(epoch, weights(model), save)
        if decision.stop:
            break
    training.final = weights(stopping.restore(model))
