"""The lines that the page of frameworks shows can be pasted, and work."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.adapters.contract import ADAPTERS

PAGE = Path(__file__).parent.parent / "docs" / "frameworks.md"
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))
NO_DOOR = {"Many processes", "Any other"}
ADAPTER_OF = {
    "PyTorch Lightning": "lightning",
    "PyTorch": "torch",
    "Lightning Fabric": "fabric",
    "JAX": "equinox",
    "scikit-learn": "sklearn",
}
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
    return data


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("section", [name for name in SECTIONS if name not in NO_DOOR])
def test_the_lines_for_a_framework_can_be_pasted(section, tmp_path, monkeypatch):
    adapter = adapter_of(section)
    adapter.skip_unless_installed()
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "snippets", **reader_s_own(section)}
    for code in re.findall(r"^```python\n(.*?)^```", SECTIONS[section], re.MULTILINE | re.DOTALL):
        exec(compile(code, str(PAGE), "exec"), names)
    if "stopping" in names:
        assert names["stopping"].decision is not None


def test_every_door_has_its_lines_and_its_place_in_the_table():
    assert {adapter_of(section).name for section in SECTIONS if section not in NO_DOOR} == {a.name for a in ADAPTERS}
    anchors = re.findall(r"^\| \[.*?\]\(#(.*?)\)", PAGE.read_text(), re.MULTILINE)
    assert anchors == [name.lower().replace(" ", "-") for name in SECTIONS if name not in NO_DOOR]
