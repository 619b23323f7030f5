"""The lines that the page of frameworks shows can be pasted, and work."""

import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from tests import cluster
from tests.adapters.contract import ADAPTERS

PAGE = Path(__file__).parent.parent / "docs" / "frameworks.md"
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))
NO_INTEGRATION = {"Best weights, and ending before the job does", "Many processes", "Any other"}
ADAPTER_OF = {
    "PyTorch Lightning": "lightning",
    "PyTorch": "torch",
    "Lightning Fabric": "fabric",
    "JAX": "equinox",
    "Flax NNX": "flax",
    "scikit-learn": "sklearn",
}
WITHOUT_ADAPTER = NO_INTEGRATION | {"Ray Tune"}
TORCH_FAMILY = {"PyTorch", "Accelerate", "Lightning Fabric", "Ignite", "skorch"}


def adapter_of(section):
    return next(a for a in ADAPTERS if a.name == ADAPTER_OF.get(section, section.lower()))


def torch_s_own():
    """A model, an optimiser and a loop of the reader's."""
    import torch

    from tests.adapters.torch_data import loader

    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train_step(engine, batch):
        optimizer.zero_grad()
        loss = model(batch).pow(2).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return {
        "model": model,
        "optimizer": optimizer,
        "train_loader": loader(),
        "train_one_epoch": lambda model: sum(train_step(None, batch) for batch in loader()),
        "validate": lambda model: sum(model(batch).pow(2).mean().item() for batch in loader()),
        "train_step": train_step,
        "validation_step": lambda engine, batch: None,
    }


def a_search_s_own():
    """A model, and how it is trained; by their values, since other processes can't import this file."""
    code = """
def make_model():
    return [1.0]
def train_one_epoch(model, lr):
    model[0] *= 1 - lr
    return model[0] ** 2
def validate(model):
    return 0.1 + model[0] ** 2
"""
    names = {"__name__": "snippets"}
    exec(code, names)
    return names


def reader_s_own(section):
    """What a reader of a section has already."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(48, 4)).astype("float32")
    y = x.sum(axis=1, keepdims=section in {"Keras", "skorch"})
    data = {"x": x[:32], "y": y[:32], "x_val": x[32:], "y_val": y[32:]}
    if section in TORCH_FAMILY:
        return data | torch_s_own()
    if section == "PyTorch Lightning":
        from tests.adapters.in_lightning import Module
        from tests.adapters.torch_data import loader

        return {
            "module": Module([0.1 + 0.5**epoch for epoch in range(200)]),
            "train_loader": loader(),
            "val_loader": loader(),
        }
    if section == "Keras":
        import keras

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", loss="mse")
        return data | {"model": model}
    if section == "Transformers":
        from tests.adapters.in_transformers import DATA, bert

        return {"model": bert(), "train_set": DATA, "eval_set": DATA[:2]}
    if section == "TensorFlow":
        from tests.adapters.in_tensorflow import Linear, step

        return {"model": Linear(), "train_one_epoch": step, "validate": step}
    if section in {"Optuna", "Ray Tune"}:
        return a_search_s_own()
    if section == "JAX":
        import equinox
        import jax

        from tests.adapters.in_equinox import X, step

        model = equinox.nn.MLP(4, 1, 4, 1, key=jax.random.key(0))
        return {
            "model": model,
            "train_step": lambda model: step(model, X + 0),
            "validate": lambda model: (jax.vmap(model)(X) ** 2).mean(),
        }
    if section == "Flax NNX":
        from tests.adapters.in_flax import X, make, step

        model, optimizer = make()
        return {
            "model": model,
            "optimizer": optimizer,
            "train_one_epoch": lambda model, optimizer: step(model, optimizer, X),
            "validate": lambda model: (model(X) ** 2).mean(),
        }
    return data


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "section",
    [
        pytest.param(name, marks=cluster.alone if name == "Ray Tune" else ())
        for name in SECTIONS
        if name not in NO_INTEGRATION
    ],
)
def test_the_lines_for_a_framework_can_be_pasted(section, tmp_path, monkeypatch):
    if section not in WITHOUT_ADAPTER:
        adapter_of(section).skip_unless_installed()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))  # where Ray puts what it finds
    names = {"__name__": "snippets", **reader_s_own(section)}
    with cluster.local_cluster() if section == "Ray Tune" else nullcontext():
        for code in re.findall(r"^```python\n(.*?)^```", SECTIONS[section], re.MULTILINE | re.DOTALL):
            exec(compile(code, str(PAGE), "exec"), names)
    if "stopping" in names:
        assert names["stopping"].decision is not None


def test_every_integration_has_its_lines_and_its_place_in_the_table():
    assert {adapter_of(section).name for section in SECTIONS.keys() - WITHOUT_ADAPTER} == {a.name for a in ADAPTERS}
    anchors = re.findall(r"^\| \[.*?\]\(#(.*?)\)", PAGE.read_text(), re.MULTILINE)
    assert anchors == [name.lower().replace(" ", "-") for name in SECTIONS if name not in NO_INTEGRATION]
